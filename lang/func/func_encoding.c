/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding functions: base64, gzip, character sets, JSON, YAML, CSV, URLs. */
#include "lang/func/go_deflate.h"
#include "lang/func/gunzip.h"
#include "lang/func/internal.h"

#include "base/digest.h"
#include "base/map.h"
#include "lang/value/json.h"
#include "lang/value/unicode.h"
#include "lang/value/yaml.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>
#define ZLIB_CONST
#include <zlib.h>

/* ---- base64 ---- */

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static size_t skip_breaks(struct text text, size_t at)
{
	while (at < text.len && (text.ptr[at] == '\n' || text.ptr[at] == '\r'))
		at++;
	return at;
}

bool lenient_base64_decode(struct text text, struct buf *out, size_t *bad_offset)
{
	uint32_t bits = 0;
	int digits = 0;
	size_t at = 0;
	for (;;) {
		at = skip_breaks(text, at);
		*bad_offset = at;
		if (at >= text.len) {
			*bad_offset = at - (size_t)digits;
			return digits == 0;
		}
		char c = text.ptr[at];
		if (c == '=') {
			if (digits < 2)
				return false;
			at++;
			if (digits == 2) {
				at = skip_breaks(text, at);
				*bad_offset = at;
				if (at >= text.len || text.ptr[at] != '=')
					return false;
				at++;
			}
			at = skip_breaks(text, at);
			*bad_offset = at;
			bits <<= 6 * (4 - digits);
			buf_addc(out, (char)(bits >> 16));
			if (digits == 3)
				buf_addc(out, (char)(bits >> 8));
			return at >= text.len;
		}
		int digit = base64_digit(c);
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		at++;
		if (++digits == 4) {
			char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
			buf_add(out, bytes, sizeof(bytes));
			bits = 0;
			digits = 0;
		}
	}
}

static const struct value *result_base64(const struct call *call, const struct buf *bytes)
{
	AUTO_BUF struct buf out = BUF_INIT;
	base64_encode(BASE64_STANDARD, buf_text(bytes), bytes->len, &out);
	return value_string_raw(call_arena(call), buf_text(&out), out.len);
}

static const struct value *run_base64encode(const struct call *call)
{
	AUTO_BUF struct buf out = BUF_INIT;
	base64_encode(BASE64_STANDARD, call->args[0]->text, call->args[0]->count, &out);
	return value_string_raw(call_arena(call), buf_text(&out), out.len);
}

static const struct value *run_base64decode(const struct call *call)
{
	unsigned marks = 0;
	struct text text = text_of(take_marks(call, call->args[0], &marks));
	AUTO_BUF struct buf out = BUF_INIT;
	size_t bad;
	if (!lenient_base64_decode(text, &out, &bad))
		return call_error(call, -1, "failed to decode base64 data %s",
				  quoted_unless(call, marks, text.ptr, text.len));
	if (!utf8_is_valid(buf_text(&out), out.len))
		return call_error(call, -1, "the result of decoding the provided string is not valid UTF-8");
	return value_mark(call_arena(call), result_text(call, &out), marks);
}

/* ---- gzip ---- */

static void add_little_endian(struct buf *out, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		buf_addc(out, (char)(n >> (8 * i)));
}

/* Byte for byte what Terraform makes. */
static const struct value *run_base64gzip(const struct call *call)
{
	static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
	struct text text = arg_text(call, 0);
	AUTO_BUF struct buf out = BUF_INIT;
	buf_add(&out, header, sizeof(header));
	go_deflate(text.ptr, text.len, &out);
	add_little_endian(&out, crc32_add(0, text.ptr, text.len));
	add_little_endian(&out, (uint32_t)text.len);
	return result_base64(call, &out);
}

const char *gunzip(const struct buf *in, struct buf *out)
{
	z_stream z = {0};
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		out_of_memory();
	z.next_in = (const Bytef *)buf_text(in);
	z.avail_in = (uInt)in->len;
	const char *wrong = NULL;
	while (!wrong) {
		char piece[16384];
		z.next_out = (Bytef *)piece;
		z.avail_out = sizeof(piece);
		int result = inflate(&z, Z_NO_FLUSH);
		buf_add(out, piece, sizeof(piece) - z.avail_out);
		if (out->len > RESULT_TEXT_LIMIT)
			wrong = "the result would be longer than 64 MiB, which is more than a value may hold";
		else if (result == Z_STREAM_END && z.avail_in == 0)
			break;
		else if (result == Z_STREAM_END)
			inflateReset(&z);
		else if (result == Z_BUF_ERROR || (result == Z_OK && z.avail_in == 0 && z.avail_out))
			wrong = "failed to read gunzip raw data: unexpected end";
		else if (result != Z_OK)
			wrong = z.total_out ? "failed to read gunzip raw data: corrupt data"
					    : "failed to gunzip bytestream: invalid header or data";
	}
	inflateEnd(&z);
	return wrong;
}

static const struct value *run_base64gunzip(const struct call *call)
{
	unsigned marks = 0;
	struct text text = text_of(take_marks(call, call->args[0], &marks));
	AUTO_BUF struct buf bytes = BUF_INIT, out = BUF_INIT;
	size_t bad;
	if (!lenient_base64_decode(text, &bytes, &bad))
		return call_error(call, -1, "failed to decode base64 data %s",
				  quoted_unless(call, marks, text.ptr, text.len));
	const char *wrong = gunzip(&bytes, &out);
	if (wrong)
		return call_error(call, -1, "%s", wrong);
	if (!utf8_is_valid(buf_text(&out), out.len))
		return call_error(call, -1, "the unpacked data is not valid UTF-8, so that no string can hold it");
	return value_mark(call_arena(call), result_text(call, &out), marks);
}

/* ---- character sets ---- */

/* By IANA's names: the preferred one, what iconv calls it, further ones. */
static const struct charset {
	const char *name, *iconv, *aliases;
} charsets[] = {
	{"UTF-8", "UTF-8", "csUTF8"},
	{"UTF-16", "UTF-16BE", "csUTF16"}, /* with a byte order mark */
	{"UTF-16BE", "UTF-16BE", "csUTF16BE"},
	{"UTF-16LE", "UTF-16LE", "csUTF16LE"},
	{"US-ASCII", "ASCII", "ANSI_X3.4-1968 ANSI_X3.4-1986 ISO646-US ISO_646.irv:1991 iso-ir-6 us IBM367 cp367 csASCII"},
	{"ISO_8859-1:1987", "ISO-8859-1", "ISO-8859-1 ISO_8859-1 latin1 l1 iso-ir-100 IBM819 CP819 csISOLatin1"},
	{"ISO_8859-2:1987", "ISO-8859-2", "ISO-8859-2 ISO_8859-2 latin2 l2 iso-ir-101 csISOLatin2"},
	{"ISO_8859-3:1988", "ISO-8859-3", "ISO-8859-3 ISO_8859-3 latin3 l3 iso-ir-109 csISOLatin3"},
	{"ISO_8859-4:1988", "ISO-8859-4", "ISO-8859-4 ISO_8859-4 latin4 l4 iso-ir-110 csISOLatin4"},
	{"ISO_8859-5:1988", "ISO-8859-5", "ISO-8859-5 ISO_8859-5 cyrillic iso-ir-144 csISOLatinCyrillic"},
	{"ISO_8859-6:1987", "ISO-8859-6", "ISO-8859-6 ISO_8859-6 arabic iso-ir-127 ECMA-114 ASMO-708 csISOLatinArabic"},
	{"ISO_8859-7:1987", "ISO-8859-7", "ISO-8859-7 ISO_8859-7 greek greek8 iso-ir-126 ELOT_928 ECMA-118 csISOLatinGreek"},
	{"ISO_8859-8:1988", "ISO-8859-8", "ISO-8859-8 ISO_8859-8 hebrew iso-ir-138 csISOLatinHebrew"},
	{"ISO_8859-9:1989", "ISO-8859-9", "ISO-8859-9 ISO_8859-9 latin5 l5 iso-ir-148 csISOLatin5"},
	{"ISO-8859-10", "ISO-8859-10", "latin6 l6 iso-ir-157 ISO_8859-10:1992 csISOLatin6"},
	{"ISO-8859-13", "ISO-8859-13", "csISO885913"},
	{"ISO-8859-14", "ISO-8859-14", "ISO_8859-14 ISO_8859-14:1998 latin8 l8 iso-ir-199 iso-celtic csISO885914"},
	{"ISO-8859-15", "ISO-8859-15", "ISO_8859-15 Latin-9 csISO885915"},
	{"ISO-8859-16", "ISO-8859-16", "ISO_8859-16 ISO_8859-16:2001 latin10 l10 iso-ir-226 csISO885916"},
	{"windows-874", "CP874", "cswindows874"},
	{"windows-1250", "CP1250", "cswindows1250"},
	{"windows-1251", "CP1251", "cswindows1251"},
	{"windows-1252", "CP1252", "cswindows1252"},
	{"windows-1253", "CP1253", "cswindows1253"},
	{"windows-1254", "CP1254", "cswindows1254"},
	{"windows-1255", "CP1255", "cswindows1255"},
	{"windows-1256", "CP1256", "cswindows1256"},
	{"windows-1257", "CP1257", "cswindows1257"},
	{"windows-1258", "CP1258", "cswindows1258"},
	{"KOI8-R", "KOI8-R", "csKOI8R"},
	{"KOI8-U", "KOI8-U", "csKOI8U"},
	{"macintosh", "MACINTOSH", "mac csMacintosh"},
	{"IBM037", "IBM037", "cp037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-wt ebcdic-cp-nl csIBM037"},
	{"IBM437", "IBM437", "cp437 437 csPC8CodePage437"},
	{"IBM850", "IBM850", "cp850 850 csPC850Multilingual"},
	{"IBM852", "IBM852", "cp852 852 csPCp852"},
	{"IBM855", "IBM855", "cp855 855 csIBM855"},
	{"IBM860", "IBM860", "cp860 860 csIBM860"},
	{"IBM862", "IBM862", "cp862 862 csPC862LatinHebrew"},
	{"IBM863", "IBM863", "cp863 863 csIBM863"},
	{"IBM865", "IBM865", "cp865 865 csIBM865"},
	{"IBM866", "IBM866", "cp866 866 csIBM866"},
	{"Shift_JIS", "SHIFT_JIS", "MS_Kanji csShiftJIS"},
	{"Extended_UNIX_Code_Packed_Format_for_Japanese", "EUC-JP", "EUC-JP csEUCPkdFmtJapanese"},
	{"ISO-2022-JP", "ISO-2022-JP", "csISO2022JP"},
	{"EUC-KR", "EUC-KR", "csEUCKR"},
	{"GBK", "GBK", "CP936 MS936 windows-936 csGBK"},
	{"GB18030", "GB18030", "csGB18030"},
	{"Big5", "BIG5", "csBig5"},
};

static bool is_word_of(const char *list, struct text word)
{
	for (const char *s = list; *s;) {
		size_t len = strcspn(s, " ");
		if (len == word.len && strncasecmp(s, word.ptr, len) == 0)
			return true;
		s += len + (s[len] == ' ');
	}
	return false;
}

static const struct charset *find_charset(const struct call *call)
{
	struct text name = arg_text(call, 1);
	while (name.len && strchr(" \t\r\n", name.ptr[name.len - 1]))
		name.len--;
	while (name.len && strchr(" \t\r\n", *name.ptr)) {
		name.ptr++;
		name.len--;
	}
	for (size_t i = 0; i < ARRAY_LEN(charsets); i++)
		if (is_word_of(charsets[i].name, name) || is_word_of(charsets[i].aliases, name))
			return &charsets[i];
	call_error(call, 1, "%s is not a supported IANA encoding name or alias", quoted(call, name.ptr, name.len));
	return NULL;
}

/* False where something cannot be said in the other character set. */
static bool convert(const char *from, const char *to, struct text text, struct buf *out)
{
	iconv_t converter = iconv_open(to, from);
	if (converter == (iconv_t)-1)
		return false;
	char *in = (char *)text.ptr;
	size_t left = text.len;
	bool good = true, flushed = false;
	while (good && !flushed) {
		char piece[4096], *end = piece;
		size_t room = sizeof(piece);
		flushed = left == 0;
		size_t n = iconv(converter, flushed ? NULL : &in, flushed ? NULL : &left, &end, &room);
		buf_add(out, piece, (size_t)(end - piece));
		if (n == (size_t)-1)
			good = errno == E2BIG;
		else if (n > 0)
			good = false; /* replaced by something similar */
	}
	iconv_close(converter);
	return good;
}

static const struct value *run_textencodebase64(const struct call *call)
{
	const struct charset *charset = find_charset(call);
	if (!charset)
		return NULL;
	AUTO_BUF struct buf out = BUF_INIT;
	if (strcmp(charset->name, "UTF-16") == 0)
		buf_add(&out, "\xfe\xff", 2);
	if (!convert("UTF-8", charset->iconv, arg_text(call, 0), &out))
		return call_error(call, 0, "the given string contains characters that cannot be represented in %s",
				  charset->name);
	return result_base64(call, &out);
}

static const struct value *run_textdecodebase64(const struct call *call)
{
	const struct charset *charset = find_charset(call);
	if (!charset)
		return NULL;
	AUTO_BUF struct buf bytes = BUF_INIT, out = BUF_INIT;
	size_t bad;
	if (!lenient_base64_decode(arg_text(call, 0), &bytes, &bad))
		return call_error(call, 0, "the given value has an invalid base64 symbol at offset %zu", bad);
	struct text text = {buf_text(&bytes), bytes.len};
	const char *from = charset->iconv;
	if (strcmp(charset->name, "UTF-16") == 0 && text.len >= 2) {
		bool little = memcmp(text.ptr, "\xff\xfe", 2) == 0;
		if (little)
			from = "UTF-16LE";
		if (little || memcmp(text.ptr, "\xfe\xff", 2) == 0) {
			text.ptr += 2;
			text.len -= 2;
		}
	}
	if (!convert(from, "UTF-8", text, &out) || memmem(buf_text(&out), out.len, "\xef\xbf\xbd", 3))
		return call_error(call, 0, "the given string contains symbols that are not defined for %s", charset->name);
	return result_text(call, &out);
}

/* ---- JSON, YAML ---- */

static const struct value *run_jsonencode(const struct call *call)
{
	AUTO_BUF struct buf out = BUF_INIT;
	value_to_json(call->args[0], true, &out);
	return out.len > RESULT_TEXT_LIMIT ? error_too_long(call) : result_text(call, &out);
}

static const struct value *run_jsondecode(const struct call *call)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *v = value_from_json(call_arena(call), call->args[0]->text, call->args[0]->count, &why);
	return v ? v : call_error(call, -1, "%s", buf_text(&why));
}

static const struct value *run_yamlencode(const struct call *call)
{
	AUTO_BUF struct buf out = BUF_INIT;
	value_to_yaml(call->args[0], &out);
	return out.len > RESULT_TEXT_LIMIT ? error_too_long(call) : result_text(call, &out);
}

static const struct value *run_yamldecode(const struct call *call)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *v = value_from_yaml(call_arena(call), call->args[0]->text, call->args[0]->count, &why);
	return v ? v : call_error(call, -1, "%s", buf_text(&why));
}

/* ---- CSV ---- */

/*
 * record = field { "," field } newline ;  field = { not , " newline } | '"' { not " | '""' } '"'
 * Empty lines are skipped; a carriage return before a newline or the end is none.
 */
struct csv {
	struct text text;
	size_t at, line;   /* lines count from 1: of the next one to read */
	VEC(size_t) ends;  /* of each field of the record, in `fields` */
	struct buf fields;
	size_t record_line;
	const char *wrong;
	size_t wrong_line;
};

/* The next line without its end; *ended tells whether it had one. */
static struct text csv_line(struct csv *csv, bool *ended)
{
	struct text line = {csv->text.ptr + csv->at, csv->text.len - csv->at};
	const char *newline = memchr(line.ptr, '\n', line.len);
	*ended = newline != NULL;
	if (newline)
		line.len = (size_t)(newline - line.ptr);
	csv->at += line.len + *ended;
	csv->line++;
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static void csv_fail(struct csv *csv, const char *wrong, size_t line)
{
	csv->wrong = wrong;
	csv->wrong_line = line;
}

/* A quoted field; `line` stands behind its quote, and then behind the closing one. */
static void csv_quoted(struct csv *csv, struct text *line, bool *ended)
{
	for (;;) {
		const char *quote = memchr(line->ptr, '"', line->len);
		if (quote) {
			size_t n = (size_t)(quote - line->ptr);
			buf_add(&csv->fields, line->ptr, n);
			line->ptr += n + 1;
			line->len -= n + 1;
			if (line->len == 0 || *line->ptr == ',')
				return;
			if (*line->ptr != '"') {
				csv_fail(csv, "extraneous or missing \" in quoted-field", csv->line);
				return;
			}
			buf_addc(&csv->fields, '"');
			line->ptr++;
			line->len--;
			continue;
		}
		buf_add(&csv->fields, line->ptr, line->len);
		if (*ended)
			buf_addc(&csv->fields, '\n');
		if (csv->at >= csv->text.len) {
			csv_fail(csv, "extraneous or missing \" in quoted-field", csv->line);
			return;
		}
		*line = csv_line(csv, ended);
	}
}

/* The next record into csv->fields; false at the end or after csv_fail(). */
static bool csv_record(struct csv *csv)
{
	struct text line;
	bool ended;
	buf_clear(&csv->fields);
	csv->ends.count = 0;
	do {
		if (csv->at >= csv->text.len)
			return false;
		line = csv_line(csv, &ended);
	} while (line.len == 0);
	csv->record_line = csv->line;
	for (;;) {
		if (line.len && *line.ptr == '"') {
			line.ptr++;
			line.len--;
			csv_quoted(csv, &line, &ended);
			if (csv->wrong)
				return false;
		} else {
			const char *comma = memchr(line.ptr, ',', line.len);
			size_t n = comma ? (size_t)(comma - line.ptr) : line.len;
			if (memchr(line.ptr, '"', n)) {
				csv_fail(csv, "bare \" in non-quoted-field", csv->line);
				return false;
			}
			buf_add(&csv->fields, line.ptr, n);
			line.ptr += n;
			line.len -= n;
		}
		vec_add(&csv->ends, csv->fields.len);
		if (line.len == 0)
			return true;
		line.ptr++; /* the comma */
		line.len--;
	}
}

static const struct value *csv_field(const struct call *call, const struct csv *csv, size_t i)
{
	size_t start = i ? csv->ends.items[i - 1] : 0;
	return value_string_n(call_arena(call), buf_text(&csv->fields) + start, csv->ends.items[i] - start);
}

static const struct value *csv_error(const struct call *call, const struct csv *csv)
{
	return call_error(call, -1, "CSV parse error on line %zu: %s", csv->wrong_line, csv->wrong);
}

/* The rows behind the header, as objects of `type` whose attribute columns[i] is column i. */
static const struct value *csv_rows(const struct call *call, struct csv *csv, const struct type *type,
				    const ptrdiff_t *columns)
{
	VEC(const struct value *) rows = {0};
	const struct value **items = new_items(call, type->count), *list = NULL;
	while (csv_record(csv)) {
		if (csv->ends.count != type->count) {
			csv_fail(csv, "wrong number of fields", csv->record_line);
			break;
		}
		for (size_t i = 0; i < type->count; i++)
			items[columns[i]] = csv_field(call, csv, i);
		vec_add(&rows, value_object_of(call_arena(call), type, items));
		if (rows.count > RESULT_LIST_LIMIT)
			break;
	}
	if (csv->wrong)
		csv_error(call, csv);
	else if (rows.count > RESULT_LIST_LIMIT)
		error_too_many(call);
	else
		list = value_list(call_arena(call), type, rows.items, rows.count);
	vec_free(&rows);
	return list;
}

static const struct value *csv_table(const struct call *call, struct csv *csv)
{
	if (!csv_record(csv))
		return csv->wrong ? csv_error(call, csv) : call_error(call, -1, "missing header line");
	size_t count = csv->ends.count;
	struct type_attr *attrs = arena_array_of(call_arena(call), count, struct type_attr);
	const char **names = arena_array_of(call_arena(call), count, const char *);
	struct map seen = MAP_INIT;
	const char *twice = NULL;
	for (size_t i = 0; i < count && !twice; i++) {
		names[i] = csv_field(call, csv, i)->text;
		attrs[i] = (struct type_attr){.name = names[i], .type = &type_string};
		if (map_put(&seen, names[i], &attrs[i]))
			twice = names[i];
	}
	map_release(&seen);
	if (twice)
		return call_error(call, -1, "duplicate column name %s", quoted(call, twice, strlen(twice)));
	const struct type *type = type_object(call_arena(call), attrs, count);
	ptrdiff_t *columns = arena_array_of(call_arena(call), count, ptrdiff_t);
	for (size_t i = 0; i < count; i++)
		columns[i] = type_find_attr(type, names[i]);
	return csv_rows(call, csv, type, columns);
}

static const struct value *run_csvdecode(const struct call *call)
{
	struct csv csv = {.text = arg_text(call, 0)};
	const struct value *table = csv_table(call, &csv);
	buf_release(&csv.fields);
	vec_free(&csv.ends);
	return table;
}

/* ---- URLs ---- */

static const struct value *run_urlencode(const struct call *call)
{
	struct text text = arg_text(call, 0);
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			     (c && strchr("-_.~", c));
		if (plain)
			buf_addc(&out, (char)c);
		else if (c == ' ')
			buf_addc(&out, '+');
		else
			buf_addf(&out, "%%%02X", c);
	}
	return result_text(call, &out);
}

static const struct value *run_urldecode(const struct call *call)
{
	struct text text = arg_text(call, 0);
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '+') {
			buf_addc(&out, ' ');
		} else if (text.ptr[i] == '%') {
			if (text.len - i < 3 || !hex_decode(text.ptr + i + 1, 2, &out)) {
				size_t n = text.len - i < 3 ? text.len - i : 3;
				return call_error(call, 0, "invalid URL escape %s", quoted(call, text.ptr + i, n));
			}
			i += 2;
		} else {
			buf_addc(&out, text.ptr[i]);
		}
	}
	if (!utf8_is_valid(buf_text(&out), out.len))
		return call_error(call, 0, "the escapes stand for bytes that are not valid UTF-8");
	return result_text(call, &out);
}

static const struct param str[] = {{"str", &type_string, 0}, {0}};
static const struct param marked_str[] = {{"str", &type_string, PARAM_MARKS}, {0}};
static const struct param json_params[] = {{"val", &type_any, PARAM_NULL}, {0}};
static const struct param yaml_params[] = {{"value", &type_any, PARAM_NULL}, {0}};
static const struct param src[] = {{"src", &type_string, 0}, {0}};
static const struct param encode_params[] = {{"string", &type_string, 0}, {"encoding", &type_string, 0}, {0}};
static const struct param decode_params[] = {{"source", &type_string, 0}, {"encoding", &type_string, 0}, {0}};

const struct function encoding_functions[] = {
	{.name = "base64decode", .params = marked_str, .result_type = returns_string, .run = run_base64decode},
	{.name = "base64encode", .params = str, .result_type = returns_string, .run = run_base64encode},
	{.name = "base64gunzip", .params = marked_str, .result_type = returns_string, .run = run_base64gunzip},
	{.name = "base64gzip", .params = str, .result_type = returns_string, .run = run_base64gzip},
	{.name = "csvdecode", .params = str, .run = run_csvdecode},
	{.name = "jsondecode", .params = str, .run = run_jsondecode, .nullable = true},
	{.name = "jsonencode", .params = json_params, .result_type = returns_string, .run = run_jsonencode},
	{.name = "textdecodebase64", .params = decode_params, .result_type = returns_string, .run = run_textdecodebase64},
	{.name = "textencodebase64", .params = encode_params, .result_type = returns_string, .run = run_textencodebase64},
	{.name = "urldecode", .params = str, .result_type = returns_string, .run = run_urldecode},
	{.name = "urlencode", .params = str, .result_type = returns_string, .run = run_urlencode},
	{.name = "yamldecode", .params = src, .run = run_yamldecode, .nullable = true},
	{.name = "yamlencode", .params = yaml_params, .result_type = returns_string, .run = run_yamlencode},
	{0},
};
