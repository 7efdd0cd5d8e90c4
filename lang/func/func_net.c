/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of IP address ranges. */
#include "lang/func/internal.h"

#include <string.h>

typedef unsigned __int128 u128;

/* An address, and how many of its leading bits a prefix fixes. */
struct network {
	u128 address;  /* IPv4 in the lowest 32 bits */
	int bits;      /* of the whole address: 32 or 128 */
	int prefix;
};

static u128 low_bits(int count)
{
	return count >= 128 ? ~(u128)0 : ((u128)1 << count) - 1;
}

static int host_bits(const struct network *n)
{
	return n->bits - n->prefix;
}

/* ---- reading ---- */

/* Decimal digits up to 65535; leading zeros mean nothing, as in Terraform. */
static bool read_decimal(const char **at, const char *end, unsigned *out)
{
	const char *s = *at;
	*out = 0;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		*out = *out * 10 + (unsigned)(*s - '0');
		if (*out > 0xffff)
			return false;
	}
	bool any = s > *at;
	*at = s;
	return any;
}

static bool read_ipv4(const char *s, const char *end, u128 *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		unsigned part;
		if (i > 0 && (s == end || *s++ != '.'))
			return false;
		if (!read_decimal(&s, end, &part) || part > 255)
			return false;
		*out = *out << 8 | part;
	}
	return s == end;
}

static bool read_hex(const char **at, const char *end, unsigned *out)
{
	const char *s = *at;
	*out = 0;
	for (; s < end; s++) {
		int digit = *s >= '0' && *s <= '9' ? *s - '0' : (*s | 32) >= 'a' && (*s | 32) <= 'f' ? (*s | 32) - 'a' + 10 : -1;
		if (digit < 0)
			break;
		*out = *out * 16 + (unsigned)digit;
		if (*out > 0xffff)
			return false;
	}
	bool any = s > *at;
	*at = s;
	return any;
}

/* Eight groups, one run of zero groups as "::", the last two perhaps as an IPv4 address. */
static bool read_ipv6(const char *s, const char *end, u128 *out)
{
	unsigned groups[8] = {0};
	int count = 0, gap = -1;
	if (end - s >= 2 && s[0] == ':' && s[1] == ':') {
		gap = 0;
		s += 2;
	}
	while (s < end && count < 8) {
		const char *start = s;
		if (!read_hex(&s, end, &groups[count]))
			return false;
		if (s < end && *s == '.') {
			u128 v4;
			if ((gap < 0 && count != 6) || count > 6 || !read_ipv4(start, end, &v4))
				return false;
			groups[count++] = (unsigned)(v4 >> 16);
			groups[count++] = (unsigned)(v4 & 0xffff);
			s = end;
			break;
		}
		count++;
		if (s == end)
			break;
		if (*s++ != ':' || s == end)
			return false;
		if (*s == ':') {
			if (gap >= 0)
				return false;
			gap = count;
			s++;
		}
	}
	if (s != end || (gap < 0 ? count != 8 : count == 8))
		return false;
	*out = 0;
	for (int i = 0; i < 8; i++) {
		int missing = 8 - count, group = gap < 0 || i < gap ? i : i < gap + missing ? -1 : i - missing;
		*out = *out << 16 | (group < 0 ? 0 : groups[group]);
	}
	return true;
}

static bool read_address(const char *s, const char *end, struct network *n)
{
	n->bits = memchr(s, ':', (size_t)(end - s)) ? 128 : 32;
	n->prefix = n->bits;
	return n->bits == 128 ? read_ipv6(s, end, &n->address) : read_ipv4(s, end, &n->address);
}

/* address "/" bits; the bits behind the prefix are cleared. */
static bool read_network(struct text text, struct network *n)
{
	const char *end = text.ptr + text.len, *slash = memchr(text.ptr, '/', text.len);
	unsigned prefix;
	if (!slash || !read_address(text.ptr, slash, n))
		return false;
	slash++;
	if (!read_decimal(&slash, end, &prefix) || slash != end || prefix > (unsigned)n->bits)
		return false;
	n->prefix = (int)prefix;
	n->address &= ~low_bits(host_bits(n));
	return true;
}

static bool network_argument(const struct call *call, int where, struct network *n)
{
	struct text text = arg_text(call, 0);
	if (read_network(text, n))
		return true;
	call_error(call, where, "invalid CIDR expression: invalid CIDR address: %s", text.ptr);
	return false;
}

/* ---- writing ---- */

/* RFC 5952: small letters, the longest run of zero groups (two or more, the first of equals) as "::". */
static void add_ipv6(struct buf *out, u128 address)
{
	int best = -1, best_length = 1;
	unsigned groups[8];
	for (int i = 0; i < 8; i++)
		groups[i] = (unsigned)(address >> (112 - 16 * i)) & 0xffff;
	for (int i = 0; i < 8; i++) {
		int length = 0;
		while (i + length < 8 && groups[i + length] == 0)
			length++;
		if (length > best_length) {
			best = i;
			best_length = length;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			buf_adds(out, "::");
			i += best_length - 1;
			continue;
		}
		if (i > 0 && i != best + best_length)
			buf_addc(out, ':');
		buf_addf(out, "%x", groups[i]);
	}
}

static const char *address_text(const struct call *call, u128 address, int bits)
{
	unsigned v4 = (unsigned)address;
	if (bits == 32)
		return arena_printf(call_arena(call), "%u.%u.%u.%u", v4 >> 24, v4 >> 16 & 255, v4 >> 8 & 255, v4 & 255);
	AUTO_BUF struct buf out = BUF_INIT;
	add_ipv6(&out, address);
	return buf_copy(&out, call_arena(call));
}

static const char *network_text(const struct call *call, const struct network *n)
{
	return arena_printf(call_arena(call), "%s/%d", address_text(call, n->address, n->bits), n->prefix);
}

/* ---- arithmetic ---- */

/* A whole number of up to 128 bits and its sign; `fits` is false beyond. */
struct big {
	u128 size;
	bool negative, fits;
};

static bool big_argument(const struct call *call, size_t i, struct big *out)
{
	struct number n = call->args[i]->number;
	*out = (struct big){.fits = true};
	if (!number_is_integer(n)) {
		call_error(call, -1, "value must be a whole number");
		return false;
	}
	const char *s = number_print(call_arena(call), n);
	out->negative = *s == '-';
	for (s += out->negative; *s; s++) {
		u128 digit = (u128)(*s - '0');
		out->fits = out->fits && out->size <= (~(u128)0 - digit) / 10;
		out->size = out->size * 10 + digit;
	}
	return true;
}

static const char *number_text(const struct call *call, size_t i)
{
	return number_print(call_arena(call), call->args[i]->number);
}

static const struct value *run_cidrhost(const struct call *call)
{
	struct big host;
	struct network n;
	if (!big_argument(call, 1, &host) || !network_argument(call, -1, &n))
		return NULL;
	u128 last = low_bits(host_bits(&n));
	/* -1 is the last one: counting from the end. */
	bool fits = host.fits && (host.negative ? host.size - 1 <= last : host.size <= last);
	if (!fits)
		return call_error(call, -1, "prefix of %d does not accommodate a host numbered %s", n.prefix,
				  number_text(call, 1));
	u128 number = host.negative ? last - (host.size - 1) : host.size;
	return value_string(call_arena(call), address_text(call, n.address | number, n.bits));
}

static const struct value *run_cidrnetmask(const struct call *call)
{
	struct network n;
	if (!network_argument(call, -1, &n))
		return NULL;
	if (n.bits != 32)
		return call_error(call, -1, "IPv6 addresses cannot have a netmask: %s", call->args[0]->text);
	return value_string(call_arena(call), address_text(call, ~low_bits(host_bits(&n)), 32));
}

static const struct value *run_cidrsubnet(const struct call *call)
{
	int64_t more;
	struct big number;
	struct network n;
	if (!arg_int(call, 1, -1, "", &more) || !big_argument(call, 2, &number) || !network_argument(call, -1, &n))
		return NULL;
	if (more > host_bits(&n) || more < -n.prefix)
		return call_error(call, -1, "insufficient address space to extend prefix of %d by %lld", n.prefix,
				  (long long)more);
	/* A shorter prefix has room for the one network that holds this one. */
	u128 last = more > 0 ? low_bits((int)more) : 0;
	if (!number.fits || (number.negative && number.size) || number.size > last)
		return call_error(call, -1, "prefix extension of %lld does not accommodate a subnet numbered %s",
				  (long long)more, number_text(call, 2));
	n.prefix += (int)more;
	if (number.size)
		n.address |= number.size << host_bits(&n);
	n.address &= ~low_bits(host_bits(&n));
	return value_string(call_arena(call), network_text(call, &n));
}

enum { SUBNETS_BITS_MAX = 32 }; /* Terraform's, for 32-bit machines */

static const struct value *run_cidrsubnets(const struct call *call)
{
	struct network n;
	if (!network_argument(call, 0, &n))
		return NULL;
	const struct value **items = new_items(call, call->count);
	u128 end = n.address; /* of what is taken already */
	bool full = false;
	struct network before = n;
	for (size_t i = 1; i < call->count; i++) {
		int64_t more;
		if (!arg_int(call, i, (int)i, "", &more))
			return NULL;
		if (more < 1)
			return call_error(call, (int)i, "must extend prefix by at least one bit");
		if (more > SUBNETS_BITS_MAX)
			return call_error(call, (int)i, "may not extend prefix by more than %d bits", SUBNETS_BITS_MAX);
		if (more > host_bits(&n))
			return call_error(call, (int)i, "would extend prefix to %d bits, which is too long for an %s address",
					  n.prefix + (int)more, n.bits == 32 ? "IPv4" : "IPv6");
		struct network next = {.bits = n.bits, .prefix = n.prefix + (int)more};
		u128 size = low_bits(host_bits(&next)), last = n.address | low_bits(host_bits(&n));
		/* The next multiple of the subnet's size. */
		full = full || end > last - size;
		next.address = full ? 0 : (end + size) & ~size;
		if (full || next.address > last - size)
			return call_error(call, (int)i,
					  "not enough remaining address space for a subnet with a prefix of %d bits after %s",
					  next.prefix, network_text(call, &before));
		full = next.address + size == last;
		end = full ? last : next.address + size + 1;
		before = next;
		items[i - 1] = value_string(call_arena(call), network_text(call, &next));
	}
	return value_list(call_arena(call), &type_string, items, call->count - 1);
}

static const struct value *run_cidrcontains(const struct call *call)
{
	struct network outer, inner;
	if (!network_argument(call, 0, &outer))
		return NULL;
	struct text text = arg_text(call, 1);
	if (!read_address(text.ptr, text.ptr + text.len, &inner) && !read_network(text, &inner))
		return call_error(call, 1, "invalid IP address or prefix: %s", text.ptr);
	if (inner.bits != outer.bits)
		return call_error(call, -1, "address family mismatch: %s vs. %s", call->args[0]->text, text.ptr);
	return value_bool(inner.prefix >= outer.prefix &&
			  (inner.address & ~low_bits(host_bits(&outer))) == outer.address);
}

static const struct param host_params[] = {{"prefix", &type_string, 0}, {"hostnum", &type_number, 0}, {0}};
static const struct param prefix[] = {{"prefix", &type_string, 0}, {0}};
static const struct param subnet_params[] = {
	{"prefix", &type_string, 0}, {"newbits", &type_number, 0}, {"netnum", &type_number, 0}, {0}};
static const struct param newbits = {"newbits", &type_number, 0};
static const struct param contains_params[] = {
	{"containing_prefix", &type_string, 0}, {"contained_ip_or_prefix", &type_string, 0}, {0}};

const struct function net_functions[] = {
	{.name = "cidrcontains", .params = contains_params, .result_type = returns_bool, .run = run_cidrcontains},
	{.name = "cidrhost", .params = host_params, .result_type = returns_string, .run = run_cidrhost},
	{.name = "cidrnetmask", .params = prefix, .result_type = returns_string, .run = run_cidrnetmask},
	{.name = "cidrsubnet", .params = subnet_params, .result_type = returns_string, .run = run_cidrsubnet},
	{.name = "cidrsubnets", .params = prefix, .rest = &newbits, .result_type = returns_strings, .run = run_cidrsubnets},
	{0},
};
