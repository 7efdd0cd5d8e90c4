/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/func/go_deflate.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Where Go's compressor looks for repetitions, and when it is content. */
	WINDOW = 1 << 15,
	SHORTEST = 4,
	LONGEST = 258,
	ENOUGH_AHEAD = SHORTEST + LONGEST, /* it waits for so much input before it goes on */
	HASH_BITS = 17,
	GOOD = 8, /* a match of this length shortens the search for a better one to a quarter */
	LAZY = 16,
	NICE = 128,
	CHAIN = 128,
	FAR = 4096, /* the shortest matches do not pay from further away */
	BLOCK_TOKENS = 1 << 14,
	STORED_MAX = 65535,
	/* Symbols. */
	END_OF_BLOCK = 256,
	LENGTH_SYMBOLS = 257,
	LITERALS = 286,
	OFFSETS = 30,
	SIZES = 19, /* of the code that tells the lengths of the other two */
	SIZE_END = 255,
	DEEPEST = 15,
};

/* A literal (length 0) or a match. */
struct token {
	uint16_t length;
	uint16_t value; /* the byte; or the offset less one */
};

struct code {
	uint16_t bits[LITERALS];
	uint8_t lengths[LITERALS];
};

struct writer {
	struct buf *out;
	uint64_t bits;
	unsigned count;
};

struct deflater {
	const unsigned char *text;
	size_t len;
	/* Positions plus one; 0: none. */
	uint32_t head[1 << HASH_BITS], before[WINDOW];
	size_t index;
	size_t base, loaded;     /* what of the text Go's buffer of two windows would hold */
	size_t block_start;
	bool block_start_gone;   /* out of that buffer: the block cannot be stored any more */
	struct token tokens[BLOCK_TOKENS];
	size_t token_count;
	struct writer writer;
};

/* ---- bits ---- */

static void add_bits(struct writer *w, uint32_t bits, unsigned count)
{
	w->bits |= (uint64_t)bits << w->count;
	w->count += count;
	for (; w->count >= 8; w->count -= 8, w->bits >>= 8)
		buf_addc(w->out, (char)w->bits);
}

static void fill_byte(struct writer *w)
{
	if (w->count)
		add_bits(w, 0, 8 - w->count);
}

static void add_stored_header(struct writer *w, size_t len, bool last)
{
	add_bits(w, last, 3);
	fill_byte(w);
	add_bits(w, (uint32_t)len, 16);
	add_bits(w, (uint32_t)~len & 0xffff, 16);
}

/* ---- codes ---- */

struct leaf {
	uint16_t symbol;
	int32_t frequency;
};

static int by_frequency(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;
	if (x->frequency != y->frequency)
		return x->frequency < y->frequency ? -1 : 1;
	return (int)x->symbol - (int)y->symbol;
}

static int by_symbol(const void *a, const void *b)
{
	return (int)((const struct leaf *)a)->symbol - (int)((const struct leaf *)b)->symbol;
}

static uint16_t reversed(uint16_t code, unsigned bits)
{
	uint16_t result = 0;
	for (unsigned i = 0; i < bits; i++)
		result = (uint16_t)(result << 1 | (code >> i & 1));
	return result;
}

/*
 * How many symbols get each length, for the least sum of frequency times length with none above
 * `limit`: the boundary package-merge algorithm (Katajainen, Moffat, Turpin 1995). Among solutions
 * of the same sum the order of comparisons decides, so it is Go's: a leaf only where it is cheaper
 * than the pair.
 */
static void count_lengths(const struct leaf *leaves, int count, int limit, int *counts)
{
	struct level {
		int64_t last, next_leaf, next_pair;
		int needed;
	} levels[DEEPEST + 2] = {0};
	const int64_t none = INT32_MAX;
	int used[DEEPEST + 1][DEEPEST + 1] = {{0}}; /* [i][j]: leaves left of the level-j ancestor of the last node of level i */
	if (limit > count - 1)
		limit = count - 1;
	for (int i = 1; i <= limit; i++) {
		levels[i].last = leaves[1].frequency;
		levels[i].next_leaf = leaves[2].frequency;
		levels[i].next_pair = i == 1 ? none : (int64_t)leaves[0].frequency + leaves[1].frequency;
		used[i][i] = 2;
	}
	levels[limit].needed = 2 * count - 4;
	for (int i = limit;;) {
		struct level *level = &levels[i];
		if (level->next_pair == none && level->next_leaf == none) {
			level->needed = 0;
			levels[i + 1].next_pair = none;
			i++;
			continue;
		}
		int64_t previous = level->last;
		if (level->next_leaf < level->next_pair) {
			int n = ++used[i][i];
			level->last = level->next_leaf;
			level->next_leaf = n < count ? leaves[n].frequency : none;
		} else {
			level->last = level->next_pair;
			memcpy(used[i], used[i - 1], (size_t)i * sizeof(used[i][0]));
			levels[i - 1].needed = 2;
		}
		if (--level->needed == 0) {
			if (i == limit)
				break;
			levels[i + 1].next_pair = previous + level->last;
			i++;
		} else {
			while (levels[i - 1].needed > 0)
				i--;
		}
	}
	for (int i = limit, bits = 1; i > 0; i--, bits++)
		counts[bits] = used[limit][i] - used[limit][i - 1];
}

static void make_code(struct code *code, const int32_t *frequencies, int symbols, int limit)
{
	struct leaf leaves[LITERALS];
	int count = 0;
	memset(code, 0, sizeof(*code));
	for (int i = 0; i < symbols; i++)
		if (frequencies[i])
			leaves[count++] = (struct leaf){(uint16_t)i, frequencies[i]};
	if (count <= 2) {
		for (int i = 0; i < count; i++) {
			code->bits[leaves[i].symbol] = (uint16_t)i;
			code->lengths[leaves[i].symbol] = 1;
		}
		return;
	}
	qsort(leaves, (size_t)count, sizeof(*leaves), by_frequency);
	int counts[DEEPEST + 1] = {0};
	count_lengths(leaves, count, limit, counts);
	uint16_t next = 0;
	for (int bits = 1, left = count; bits <= DEEPEST; bits++) {
		next = (uint16_t)(next << 1);
		struct leaf *group = leaves + left - counts[bits];
		if (counts[bits])
			qsort(group, (size_t)counts[bits], sizeof(*group), by_symbol);
		for (int i = 0; i < counts[bits]; i++) {
			code->bits[group[i].symbol] = reversed(next++, (unsigned)bits);
			code->lengths[group[i].symbol] = (uint8_t)bits;
		}
		left -= counts[bits];
	}
}

/* RFC 1951, 3.2.6. */
static void make_fixed(struct code *literals, struct code *offsets)
{
	for (unsigned i = 0; i < LITERALS; i++) {
		unsigned bits = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
		unsigned code = i < 144 ? i + 48 : i < 256 ? i + 256 : i < 280 ? i - 256 : i - 88;
		literals->bits[i] = reversed((uint16_t)code, bits);
		literals->lengths[i] = (uint8_t)bits;
	}
	for (unsigned i = 0; i < OFFSETS; i++) {
		offsets->bits[i] = reversed((uint16_t)i, 5);
		offsets->lengths[i] = 5;
	}
}

/* ---- symbols ---- */

struct symbol {
	unsigned number, extra_bits, extra;
};

static struct symbol length_symbol(unsigned length)
{
	unsigned n = length - 3, bits = 0;
	if (length == LONGEST)
		return (struct symbol){28, 0, 0};
	while (n >> bits >= 8)
		bits++;
	return (struct symbol){n < 8 ? n : 4 * bits + (n >> bits), bits, n & ((1u << bits) - 1)};
}

static struct symbol offset_symbol(unsigned less_one)
{
	unsigned bits = 0;
	while (less_one >> bits >= 4)
		bits++;
	return (struct symbol){2 * bits + (less_one >> bits), bits, less_one & ((1u << bits) - 1)};
}

/* ---- a block ---- */

struct block {
	int32_t literals[LITERALS], offsets[OFFSETS];
	int literal_count, offset_count;
	unsigned extra_bits;
	struct code literal_code, offset_code;
	/* The lengths of both codes, run-length coded: sizes, each 16, 17 or 18 with its count behind it. */
	uint8_t sizes[LITERALS + OFFSETS + 1];
	int32_t size_frequencies[SIZES];
	struct code size_code;
	int size_count;
};

static const uint8_t size_order[SIZES] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

static void count_symbols(struct block *b, const struct token *tokens, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!tokens[i].length) {
			b->literals[tokens[i].value]++;
			continue;
		}
		struct symbol length = length_symbol(tokens[i].length), offset = offset_symbol(tokens[i].value);
		b->literals[LENGTH_SYMBOLS + length.number]++;
		b->offsets[offset.number]++;
		b->extra_bits += length.extra_bits + offset.extra_bits;
	}
	b->literals[END_OF_BLOCK]++;
	b->literal_count = LITERALS;
	while (!b->literals[b->literal_count - 1])
		b->literal_count--;
	b->offset_count = OFFSETS;
	while (b->offset_count && !b->offsets[b->offset_count - 1])
		b->offset_count--;
	if (!b->offset_count) { /* a code of offsets must have a symbol */
		b->offsets[0] = 1;
		b->offset_count = 1;
	}
	make_code(&b->literal_code, b->literals, LITERALS, DEEPEST);
	make_code(&b->offset_code, b->offsets, OFFSETS, DEEPEST);
}

static void add_size(struct block *b, size_t *at, uint8_t size)
{
	b->sizes[(*at)++] = size;
	b->size_frequencies[size]++;
}

/* `count` times the same length. */
static void add_sizes(struct block *b, size_t *at, uint8_t size, int count)
{
	if (size) {
		add_size(b, at, size);
		for (count--; count >= 3;) {
			int n = count < 6 ? count : 6;
			add_size(b, at, 16);
			b->sizes[(*at)++] = (uint8_t)(n - 3);
			count -= n;
		}
	} else {
		while (count >= 11) {
			int n = count < 138 ? count : 138;
			add_size(b, at, 18);
			b->sizes[(*at)++] = (uint8_t)(n - 11);
			count -= n;
		}
		if (count >= 3) {
			add_size(b, at, 17);
			b->sizes[(*at)++] = (uint8_t)(count - 3);
			count = 0;
		}
	}
	while (count-- > 0)
		add_size(b, at, size);
}

static void code_sizes(struct block *b)
{
	uint8_t lengths[LITERALS + OFFSETS];
	int total = b->literal_count + b->offset_count;
	memcpy(lengths, b->literal_code.lengths, (size_t)b->literal_count);
	memcpy(lengths + b->literal_count, b->offset_code.lengths, (size_t)b->offset_count);
	size_t at = 0;
	for (int i = 0, run; i < total; i += run) {
		for (run = 1; i + run < total && lengths[i + run] == lengths[i]; run++)
			;
		add_sizes(b, &at, lengths[i], run);
	}
	b->sizes[at] = SIZE_END;
	make_code(&b->size_code, b->size_frequencies, SIZES, 7);
	b->size_count = SIZES;
	while (b->size_count > 4 && !b->size_frequencies[size_order[b->size_count - 1]])
		b->size_count--;
}

static uint64_t bit_length(const struct code *code, const int32_t *frequencies, int symbols)
{
	uint64_t total = 0;
	for (int i = 0; i < symbols; i++)
		total += (uint64_t)frequencies[i] * code->lengths[i];
	return total;
}

static uint64_t coded_size(const struct block *b, const struct code *literals, const struct code *offsets)
{
	return 3 + bit_length(literals, b->literals, LITERALS) + bit_length(offsets, b->offsets, OFFSETS) + b->extra_bits;
}

static uint64_t header_size(const struct block *b)
{
	const int32_t *f = b->size_frequencies;
	return 5 + 5 + 4 + 3 * (uint64_t)b->size_count + bit_length(&b->size_code, f, SIZES) + (uint64_t)f[16] * 2 +
	       (uint64_t)f[17] * 3 + (uint64_t)f[18] * 7;
}

static void add_header(struct writer *w, const struct block *b)
{
	add_bits(w, (uint32_t)b->literal_count - 257, 5);
	add_bits(w, (uint32_t)b->offset_count - 1, 5);
	add_bits(w, (uint32_t)b->size_count - 4, 4);
	for (int i = 0; i < b->size_count; i++)
		add_bits(w, b->size_code.lengths[size_order[i]], 3);
	for (const uint8_t *s = b->sizes; *s != SIZE_END; s++) {
		uint8_t size = *s;
		add_bits(w, b->size_code.bits[size], b->size_code.lengths[size]);
		if (size >= 16)
			add_bits(w, *++s, size == 16 ? 2 : size == 17 ? 3 : 7);
	}
}

static void add_tokens(struct writer *w, const struct token *tokens, size_t count, const struct code *literals,
		       const struct code *offsets)
{
	for (size_t i = 0; i < count; i++) {
		if (!tokens[i].length) {
			add_bits(w, literals->bits[tokens[i].value], literals->lengths[tokens[i].value]);
			continue;
		}
		struct symbol length = length_symbol(tokens[i].length), offset = offset_symbol(tokens[i].value);
		unsigned symbol = LENGTH_SYMBOLS + length.number;
		add_bits(w, literals->bits[symbol], literals->lengths[symbol]);
		add_bits(w, length.extra, length.extra_bits);
		add_bits(w, offsets->bits[offset.number], offsets->lengths[offset.number]);
		add_bits(w, offset.extra, offset.extra_bits);
	}
	add_bits(w, literals->bits[END_OF_BLOCK], literals->lengths[END_OF_BLOCK]);
}

/* The tokens so far, in whatever form is the smallest: they stand for the text up to `end`. */
static void end_block(struct deflater *d, size_t end)
{
	struct block b = {0};
	struct code fixed_literals = {0}, fixed_offsets = {0};
	struct writer *w = &d->writer;
	count_symbols(&b, d->tokens, d->token_count);
	code_sizes(&b);
	make_fixed(&fixed_literals, &fixed_offsets);
	size_t len = end - d->block_start;
	bool storable = !d->block_start_gone && len <= STORED_MAX;
	uint64_t fixed = coded_size(&b, &fixed_literals, &fixed_offsets);
	uint64_t dynamic = coded_size(&b, &b.literal_code, &b.offset_code) + header_size(&b);
	if (storable && (uint64_t)(len + 5) * 8 < (dynamic < fixed ? dynamic : fixed)) {
		add_stored_header(w, len, false);
		buf_add(w->out, d->text + d->block_start, len);
	} else if (dynamic < fixed) {
		add_bits(w, 4, 3);
		add_header(w, &b);
		add_tokens(w, d->tokens, d->token_count, &b.literal_code, &b.offset_code);
	} else {
		add_bits(w, 2, 3);
		add_tokens(w, d->tokens, d->token_count, &fixed_literals, &fixed_offsets);
	}
	d->token_count = 0;
	d->block_start = end;
	d->block_start_gone = false;
}

static void add_token(struct deflater *d, unsigned length, unsigned value, size_t end)
{
	d->tokens[d->token_count++] = (struct token){(uint16_t)length, (uint16_t)value};
	if (d->token_count == BLOCK_TOKENS)
		end_block(d, end);
}

/* ---- finding repetitions ---- */

/* Puts the position into the chain of its hash; returns the one before it there, or -1. */
static ptrdiff_t insert(struct deflater *d, size_t at)
{
	const unsigned char *t = d->text + at;
	if (at + SHORTEST > d->len)
		return -1;
	uint32_t word = (uint32_t)t[0] << 24 | (uint32_t)t[1] << 16 | (uint32_t)t[2] << 8 | t[3];
	uint32_t *head = &d->head[word * 0x1e35a7bdu >> (32 - HASH_BITS)], before = *head;
	d->before[at % WINDOW] = before;
	*head = (uint32_t)at + 1;
	return (ptrdiff_t)before - 1;
}

static size_t common_length(const unsigned char *a, const unsigned char *b, size_t max)
{
	size_t n = 0;
	while (n < max && a[n] == b[n])
		n++;
	return n;
}

/* The longest match of more than `length` bytes; false where there is none. */
static bool find_match(const struct deflater *d, ptrdiff_t candidate, size_t ahead, unsigned *length, unsigned *offset)
{
	const unsigned char *here = d->text + d->index;
	ptrdiff_t oldest = (ptrdiff_t)d->index - WINDOW;
	size_t max = ahead < LONGEST ? ahead : LONGEST, nice = max < NICE ? max : NICE;
	bool found = false;
	for (int tries = *length >= GOOD ? CHAIN / 4 : CHAIN; tries > 0; tries--) {
		const unsigned char *there = d->text + candidate;
		if (there[*length] == here[*length]) {
			size_t n = common_length(there, here, max);
			size_t distance = d->index - (size_t)candidate;
			if (n > *length && (n > SHORTEST || distance <= FAR)) {
				*length = (unsigned)n;
				*offset = (unsigned)distance;
				found = true;
				if (n >= nice)
					break;
			}
		}
		if (candidate == oldest) /* its place in `before` is taken by index itself */
			break;
		candidate = (ptrdiff_t)d->before[(size_t)candidate % WINDOW] - 1;
		if (candidate < oldest || candidate < (ptrdiff_t)d->base)
			break;
	}
	return found;
}

/*
 * Go's buffer holds two windows. It is filled when little input is left in it; before that its upper
 * half becomes its lower one, once the index comes near its end, and what was below is forgotten.
 */
static void fill_buffer(struct deflater *d)
{
	if (d->loaded - d->index >= ENOUGH_AHEAD || d->loaded == d->len)
		return;
	if (d->index - d->base >= 2 * WINDOW - ENOUGH_AHEAD) {
		d->base += WINDOW;
		d->block_start_gone = d->block_start_gone || d->block_start < d->base;
	}
	size_t room = 2UL * WINDOW - (d->loaded - d->base), left = d->len - d->loaded;
	d->loaded += left < room ? left : room;
}

static void find_tokens(struct deflater *d)
{
	unsigned length = SHORTEST - 1, offset = 0; /* of the match at the index before */
	bool pending = false;                       /* the byte before the index has no token yet */
	for (;;) {
		fill_buffer(d);
		size_t ahead = d->len - d->index;
		if (ahead == 0)
			break;
		ptrdiff_t candidate = insert(d, d->index), oldest = (ptrdiff_t)d->index - WINDOW;
		unsigned previous_length = length, previous_offset = offset;
		length = SHORTEST - 1;
		offset = 0;
		if (oldest < (ptrdiff_t)d->base)
			oldest = (ptrdiff_t)d->base;
		if (candidate >= oldest && ahead > previous_length && previous_length < LAZY)
			find_match(d, candidate, ahead, &length, &offset);
		if (previous_length >= SHORTEST && length <= previous_length) {
			size_t end = d->index + previous_length - 1;
			for (d->index++; d->index < end; d->index++)
				insert(d, d->index);
			length = SHORTEST - 1;
			pending = false;
			add_token(d, previous_length, previous_offset - 1, d->index);
		} else {
			if (pending)
				add_token(d, 0, d->text[d->index - 1], d->index);
			d->index++;
			pending = true;
		}
	}
	if (pending)
		d->tokens[d->token_count++] = (struct token){0, d->text[d->index - 1]};
	if (d->token_count)
		end_block(d, d->index);
}

void go_deflate(const void *bytes, size_t len, struct buf *out)
{
	struct deflater *d = xcalloc(1, sizeof(*d));
	d->text = bytes;
	d->len = len;
	d->writer.out = out;
	find_tokens(d);
	add_stored_header(&d->writer, 0, false); /* the flush */
	add_stored_header(&d->writer, 0, true);  /* the end */
	free(d);
}
