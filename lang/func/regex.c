/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern is read by the rules of Go's syntax, and what was understood is written anew for PCRE2.
 * So each mistake gets Go's words, and nothing that only PCRE2 knows (back references, look-around,
 * verbs, recursion) gets through. Where the two differ in meaning:
 *
 *   \s \v         Go: \t \n \f \r and blank; vertical tab alone
 *   $ without m   Go: the end of the text, not before a last newline either
 *   ^ with m      Go: also behind a newline that ends the text
 *   \p{Greek}     Go: the script, without its extensions
 *   names         Go: may begin with digits, any length; kept here, the groups are numbered
 */
#include "lang/func/regex.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_LIMIT 200
#define REPEAT_LIMIT 1000 /* Go's */
#define MATCH_STEPS 5000000
#define MATCH_HEAP_KIB (64 * 1024)

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	VEC(char *) names; /* of each group; NULL: unnamed */
	size_t *spans;
};

struct group {
	size_t heaviest; /* the greatest product of nested repeat counts inside */
};

struct parser {
	const char *pattern, *at, *end;
	struct buf out;
	struct regex *regex;
	VEC(struct group) groups;   /* open ones; [0] is the whole */
	const char *repeat, *last_repeat; /* where the repetition just read (or read before) begins, or NULL */
	bool has_item;              /* something to repeat stands before `at` */
	size_t weight;              /* of that something */
	const char *what;
	struct buf *where;
};

static bool fail(struct parser *p, const char *what, const char *from, const char *to)
{
	p->what = what;
	buf_clear(p->where);
	buf_add(p->where, from, (size_t)(to - from));
	return false;
}

/* One character; at the end 0 without moving. */
static uint32_t next(const char **at, const char *end)
{
	uint32_t c = 0;
	*at += utf8_next(*at, (size_t)(end - *at), &c);
	return c;
}

static void add_literal(struct buf *out, uint32_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0xa0)
		buf_add_utf8(out, c);
	else
		buf_addf(out, "\\x{%x}", c);
}

static void item(struct parser *p)
{
	p->has_item = true;
	p->weight = 1;
}

static int hex_digit(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return (int)c - '0';
	if (c >= 'a' && c <= 'f')
		return (int)c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return (int)c - 'A' + 10;
	return -1;
}

/* \x{1F600} \x7f \012 \n \. ; `at` stands on the backslash. */
static bool parse_escape(struct parser *p, uint32_t *c)
{
	static const char names[] = "afnrtv", meanings[] = "\a\f\n\r\t\v";
	const char *start = p->at++;
	if (p->at >= p->end)
		return fail(p, "trailing backslash at end of expression", p->at, p->at);
	uint32_t e = next(&p->at, p->end);
	const char *letter = e && e < 0x80 ? strchr(names, (int)e) : NULL;
	if (letter) {
		*c = (uint32_t)meanings[letter - names];
		return true;
	}
	bool octal = p->at < p->end && *p->at >= '0' && *p->at <= '7';
	if (e == '0' || (e >= '1' && e <= '7' && octal)) {
		*c = e - '0';
		for (int i = 1; i < 3 && p->at < p->end && *p->at >= '0' && *p->at <= '7'; i++)
			*c = *c * 8 + (uint32_t)(*p->at++ - '0');
		return true;
	}
	if (e == 'x' && p->at < p->end) {
		uint32_t d = next(&p->at, p->end);
		if (d == '{') {
			*c = 0;
			for (size_t digits = 0; p->at < p->end; digits++) {
				d = next(&p->at, p->end);
				if (d == '}' && digits > 0)
					return true;
				int value = hex_digit(d);
				if (value < 0)
					break;
				*c = *c * 16 + (uint32_t)value;
				if (*c > 0x10ffff)
					break;
			}
		} else {
			uint32_t second = p->at < p->end ? next(&p->at, p->end) : 0;
			if (hex_digit(d) >= 0 && hex_digit(second) >= 0) {
				*c = (uint32_t)(hex_digit(d) * 16 + hex_digit(second));
				return true;
			}
		}
		return fail(p, "invalid escape sequence", start, p->at);
	}
	bool alphanumeric = (e >= '0' && e <= '9') || (e >= 'A' && e <= 'Z') || (e >= 'a' && e <= 'z');
	if (e < 0x80 && !alphanumeric) {
		*c = e;
		return true;
	}
	return fail(p, "invalid escape sequence", start, p->at);
}

static bool is_category(const char *name, size_t len)
{
	static const char *const categories =
		" C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs Any ";
	char key[8];
	if (len == 0 || len > 3)
		return false;
	snprintf(key, sizeof(key), " %.*s ", (int)len, name);
	return strstr(categories, key) != NULL;
}

static bool is_script(const char *name, size_t len)
{
	if (len < 2 || len > 40 || name[0] < 'A' || name[0] > 'Z')
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] != '_' && (name[i] < 'A' || name[i] > 'Z') && (name[i] < 'a' || name[i] > 'z'))
			return false;
	char pattern[64];
	int n = snprintf(pattern, sizeof(pattern), "\\p{sc:%.*s}", (int)len, name);
	int code;
	PCRE2_SIZE offset;
	pcre2_code *probe = pcre2_compile((PCRE2_SPTR)pattern, (PCRE2_SIZE)n, PCRE2_UTF, &code, &offset, NULL);
	pcre2_code_free(probe);
	return probe != NULL;
}

/* \pL \p{Greek} \P{^Lu}; `at` stands on the backslash. */
static bool parse_property(struct parser *p)
{
	const char *start = p->at;
	bool negated = start[1] == 'P';
	p->at += 2;
	if (p->at >= p->end)
		return fail(p, "invalid character class range", start, p->at);
	const char *name = p->at, *name_end;
	if (next(&p->at, p->end) == '{') {
		name++;
		name_end = memchr(name, '}', (size_t)(p->end - name));
		if (!name_end)
			return fail(p, "invalid character class range", start, p->end);
		p->at = name_end + 1;
	} else {
		name_end = p->at;
	}
	if (name < name_end && *name == '^') {
		negated = !negated;
		name++;
	}
	size_t len = (size_t)(name_end - name);
	bool category = is_category(name, len);
	if (!category && !is_script(name, len))
		return fail(p, "invalid character class range", start, p->at);
	buf_addf(&p->out, "\\%c{%s%.*s}", negated ? 'P' : 'p', category ? "" : "sc:", (int)len, name);
	return true;
}

/* \d \s \w and their opposites; false where none stands here. */
static bool parse_class_escape(struct parser *p, bool in_class)
{
	if (p->end - p->at < 2 || !p->at[1] || !strchr("dDsSwW", p->at[1]))
		return false;
	char letter = p->at[1];
	p->at += 2;
	if (letter == 's')
		buf_adds(&p->out, in_class ? "\\t\\n\\f\\r\\x20" : "[\\t\\n\\f\\r\\x20]");
	else if (letter == 'S')
		buf_adds(&p->out, in_class ? "\\S\\x0b" : "[^\\t\\n\\f\\r\\x20]");
	else
		buf_addf(&p->out, "\\%c", letter);
	return true;
}

/* [:alpha:]; false with `what` unset where it is none. */
static bool parse_named_class(struct parser *p)
{
	static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower",
					    "print", "punct", "space", "upper", "word", "xdigit"};
	const char *close = NULL;
	for (const char *s = p->at + 2; s + 1 < p->end; s++) {
		if (s[0] == ':' && s[1] == ']') {
			close = s;
			break;
		}
	}
	if (!close)
		return false;
	const char *name = p->at + 2;
	if (name < close && *name == '^')
		name++;
	size_t len = (size_t)(close - name);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) {
			buf_add(&p->out, p->at, (size_t)(close + 2 - p->at));
			p->at = close + 2;
			return true;
		}
	}
	return fail(p, "invalid character class range", p->at, close + 2);
}

static bool parse_class_char(struct parser *p, const char *class_start, uint32_t *c)
{
	if (p->at >= p->end)
		return fail(p, "missing closing ]", class_start, p->end);
	if (*p->at == '\\')
		return parse_escape(p, c);
	*c = next(&p->at, p->end);
	return true;
}

/* [^a-z\d[:alpha:]\pL]; `at` stands on the bracket. */
static bool parse_class(struct parser *p)
{
	const char *start = p->at++;
	buf_addc(&p->out, '[');
	if (p->at < p->end && *p->at == '^') {
		buf_addc(&p->out, '^');
		p->at++;
	}
	for (bool first = true; p->at >= p->end || *p->at != ']' || first; first = false) {
		if (p->end - p->at > 2 && p->at[0] == '[' && p->at[1] == ':') {
			if (parse_named_class(p))
				continue;
			if (p->what)
				return false;
		}
		if (p->end - p->at >= 2 && p->at[0] == '\\') {
			if (p->at[1] == 'p' || p->at[1] == 'P') {
				if (!parse_property(p))
					return false;
				continue;
			}
			if (parse_class_escape(p, true))
				continue;
		}
		const char *range = p->at;
		uint32_t low, high;
		if (!parse_class_char(p, start, &low))
			return false;
		high = low;
		if (p->end - p->at >= 2 && p->at[0] == '-' && p->at[1] != ']') {
			p->at++;
			if (!parse_class_char(p, start, &high))
				return false;
			if (high < low)
				return fail(p, "invalid character class range", range, p->at);
		}
		buf_addf(&p->out, "\\x{%x}", low);
		if (high != low)
			buf_addf(&p->out, "-\\x{%x}", high);
	}
	p->at++;
	buf_addc(&p->out, ']');
	return true;
}

static bool open_group(struct parser *p)
{
	if (p->groups.count > NESTING_LIMIT)
		return fail(p, "expression nests too deeply", p->pattern, p->end);
	vec_add(&p->groups, (struct group){0});
	p->has_item = false;
	return true;
}

static bool open_capture(struct parser *p, char *name)
{
	vec_add(&p->regex->names, name);
	buf_addc(&p->out, '(');
	return open_group(p);
}

/* (?:  (?i-s:  (?i)  (?P<name>  (?<name>; `at` stands on the parenthesis. */
static bool parse_extended_group(struct parser *p)
{
	const char *start = p->at;
	size_t left = (size_t)(p->end - start);
	size_t name_at = left > 4 && start[2] == 'P' && start[3] == '<' ? 4 : left > 3 && start[2] == '<' ? 3 : 0;
	if (name_at) {
		const char *close = memchr(start, '>', left);
		if (!close)
			return fail(p, "invalid named capture", start, p->end);
		size_t len = (size_t)(close - start) - name_at;
		bool good = len > 0;
		for (const char *s = start + name_at; s < close; s++)
			good = good && (*s == '_' || (*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') ||
					(*s >= 'a' && *s <= 'z'));
		if (!good)
			return fail(p, "invalid named capture", start, close + 1);
		char *name = xmalloc(len + 1);
		memcpy(name, start + name_at, len);
		name[len] = '\0';
		p->at = close + 1;
		return open_capture(p, name);
	}
	p->at += 2;
	for (bool negative = false, flag = false; p->at < p->end;) {
		uint32_t c = next(&p->at, p->end);
		if (c == 'i' || c == 'm' || c == 's' || c == 'U') {
			flag = true;
		} else if (c == '-' && !negative) {
			negative = true;
			flag = false;
		} else if ((c == ':' || c == ')') && (!negative || flag)) {
			buf_add(&p->out, start, (size_t)(p->at - start));
			return c == ')' || open_group(p);
		} else {
			return fail(p, "invalid or unsupported Perl syntax", start, p->at);
		}
	}
	return fail(p, "invalid or unsupported Perl syntax", start, p->at);
}

static bool close_group(struct parser *p)
{
	if (p->groups.count < 2)
		return fail(p, "unexpected )", p->pattern, p->end);
	struct group closed = vec_pop(&p->groups);
	buf_addc(&p->out, ')');
	p->at++;
	p->has_item = true;
	p->weight = closed.heaviest > 1 ? closed.heaviest : 1;
	return true;
}

static int parse_count(const char **at, const char *end)
{
	const char *s = *at;
	int n = 0;
	if (s >= end || *s < '0' || *s > '9' || (s[0] == '0' && s + 1 < end && s[1] >= '0' && s[1] <= '9'))
		return -2;
	for (; s < end && *s >= '0' && *s <= '9'; s++)
		n = n > REPEAT_LIMIT ? n : n * 10 + (*s - '0');
	*at = s;
	return n;
}

/* {2} {2,} {2,5}; false where the brace is an ordinary character. */
static bool scan_counts(const struct parser *p, const char **end, int *min, int *max)
{
	const char *s = p->at + 1;
	*min = parse_count(&s, p->end);
	if (*min < 0 || s >= p->end)
		return false;
	*max = *min;
	if (*s == ',') {
		s++;
		*max = -1;
		if (s < p->end && *s != '}' && (*max = parse_count(&s, p->end)) < 0)
			return false;
	}
	if (s >= p->end || *s != '}')
		return false;
	*end = s + 1;
	return true;
}

static bool parse_repeat(struct parser *p)
{
	const char *start = p->at, *end = p->at + 1;
	int min = 0, max = 0;
	if (*start == '{') {
		if (!scan_counts(p, &end, &min, &max)) {
			p->at++;
			add_literal(&p->out, '{');
			item(p);
			return true;
		}
		if (min > REPEAT_LIMIT || max > REPEAT_LIMIT || (max >= 0 && min > max))
			return fail(p, "invalid repeat count", start, end);
	}
	if (end < p->end && *end == '?')
		end++;
	if (p->last_repeat)
		return fail(p, "invalid nested repetition operator", p->last_repeat, end);
	if (!p->has_item)
		return fail(p, "missing argument to repetition operator", start, end);
	if (*start == '{' && (min >= 2 || max >= 2)) {
		p->weight *= (size_t)(max < 0 ? min : max);
		if (p->weight > REPEAT_LIMIT)
			return fail(p, "invalid repeat count", start, end);
	}
	buf_add(&p->out, start, (size_t)(end - start));
	p->at = end;
	p->repeat = start;
	return true;
}

/* ^ $ \A \b \B \z: what PCRE2 only repeats in a group. */
static void add_assertion(struct parser *p, const char *text, size_t len)
{
	p->at += len;
	bool repeated = p->at < p->end && strchr("*+?{", *p->at) && *p->at;
	buf_addf(&p->out, repeated ? "(?:%.*s)" : "%.*s", (int)len, text);
	item(p);
}

static bool parse_backslash(struct parser *p)
{
	char c = p->end - p->at >= 2 ? p->at[1] : '\0';
	if (c == 'A' || c == 'b' || c == 'B' || c == 'z') {
		add_assertion(p, p->at, 2);
		return true;
	}
	if (c == 'Q') {
		for (p->at += 2; p->at < p->end; item(p)) {
			if (p->end - p->at >= 2 && p->at[0] == '\\' && p->at[1] == 'E') {
				p->at += 2;
				break;
			}
			add_literal(&p->out, next(&p->at, p->end));
		}
		return true;
	}
	if (c == 'p' || c == 'P') {
		item(p);
		return parse_property(p);
	}
	if (!parse_class_escape(p, false)) {
		uint32_t literal;
		if (!parse_escape(p, &literal))
			return false;
		add_literal(&p->out, literal);
	}
	item(p);
	return true;
}

static bool parse_one(struct parser *p)
{
	switch (*p->at) {
	case '(':
		if (p->end - p->at >= 2 && p->at[1] == '?')
			return parse_extended_group(p);
		p->at++;
		return open_capture(p, NULL);
	case ')':
		return close_group(p);
	case '|':
		buf_addc(&p->out, *p->at++);
		p->has_item = false;
		return true;
	case '^':
	case '$':
		add_assertion(p, p->at, 1);
		return true;
	case '.':
		buf_addc(&p->out, *p->at++);
		item(p);
		return true;
	case '[':
		item(p);
		return parse_class(p);
	case '*':
	case '+':
	case '?':
	case '{':
		return parse_repeat(p);
	case '\\':
		return parse_backslash(p);
	default:
		add_literal(&p->out, next(&p->at, p->end));
		item(p);
		return true;
	}
}

static bool parse(struct parser *p)
{
	vec_add(&p->groups, (struct group){0});
	while (p->at < p->end) {
		p->repeat = NULL;
		if (!parse_one(p))
			return false;
		struct group *inner = &p->groups.items[p->groups.count - 1];
		if (p->has_item && p->weight > inner->heaviest)
			inner->heaviest = p->weight;
		p->last_repeat = p->repeat;
	}
	if (p->groups.count > 1)
		return fail(p, "missing closing )", p->pattern, p->end);
	return true;
}

static bool compile(struct parser *p)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (!context)
		out_of_memory();
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	int code;
	PCRE2_SIZE offset;
	struct regex *regex = p->regex;
	regex->code = pcre2_compile((PCRE2_SPTR)buf_text(&p->out), p->out.len,
				    PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C,
				    &code, &offset, context);
	pcre2_compile_context_free(context);
	if (!regex->code)
		return fail(p, "expression too large", p->pattern, p->end);
	regex->data = pcre2_match_data_create_from_pattern(regex->code, NULL);
	regex->context = pcre2_match_context_create(NULL);
	if (!regex->data || !regex->context)
		out_of_memory();
	pcre2_set_match_limit(regex->context, MATCH_STEPS);
	pcre2_set_heap_limit(regex->context, MATCH_HEAP_KIB);
	regex->spans = xcalloc(2 * (regex->names.count + 1), sizeof(*regex->spans));
	return true;
}

struct regex *regex_compile(const char *pattern, size_t len, const char **what, struct buf *where)
{
	struct regex *regex = xcalloc(1, sizeof(*regex));
	struct parser p = {
		.pattern = pattern, .at = pattern, .end = pattern + len, .out = BUF_INIT, .regex = regex, .where = where,
	};
	bool good = parse(&p) && compile(&p);
	buf_release(&p.out);
	vec_free(&p.groups);
	if (good)
		return regex;
	*what = p.what;
	regex_free(regex);
	return NULL;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_match_context_free(regex->context);
	pcre2_match_data_free(regex->data);
	pcre2_code_free(regex->code);
	for (size_t i = 0; i < regex->names.count; i++)
		free(regex->names.items[i]);
	vec_free(&regex->names);
	free(regex->spans);
	free(regex);
}

void auto_regex_free(struct regex **regex)
{
	regex_free(*regex);
}

size_t regex_group_count(const struct regex *regex)
{
	return regex->names.count;
}

const char *regex_group_name(const struct regex *regex, size_t group)
{
	return regex->names.items[group - 1];
}

enum regex_result regex_match(struct regex *regex, const char *text, size_t len, size_t start, const size_t **spans)
{
	int n = pcre2_match(regex->code, (PCRE2_SPTR)text, len, start, PCRE2_NO_UTF_CHECK, regex->data, regex->context);
	if (n == PCRE2_ERROR_NOMATCH)
		return REGEX_NONE;
	if (n < 0)
		return REGEX_TOO_HARD;
	const PCRE2_SIZE *found = pcre2_get_ovector_pointer(regex->data);
	for (size_t i = 0; i <= regex->names.count; i++) {
		bool set = i < (size_t)n && found[2 * i] != PCRE2_UNSET;
		regex->spans[2 * i] = set ? found[2 * i] : REGEX_UNSET;
		regex->spans[2 * i + 1] = set ? found[2 * i + 1] : REGEX_UNSET;
	}
	*spans = regex->spans;
	return REGEX_MATCH;
}

enum regex_result regex_next(struct regex *regex, const char *text, size_t len, struct regex_iterator *it,
			     const size_t **spans)
{
	while (it->position <= len) {
		enum regex_result result = regex_match(regex, text, len, it->position, spans);
		if (result != REGEX_MATCH)
			return result;
		size_t start = (*spans)[0], end = (*spans)[1];
		bool accepted = true;
		if (end == it->position) {
			accepted = !(it->started && start == it->last_end);
			uint32_t c;
			size_t width = utf8_next(text + it->position, len - it->position, &c);
			it->position = width ? it->position + width : len + 1;
		} else {
			it->position = end;
		}
		it->last_end = end;
		it->started = true;
		if (accepted)
			return REGEX_MATCH;
	}
	return REGEX_NONE;
}
