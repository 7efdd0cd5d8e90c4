/* SPDX-License-Identifier: Apache-2.0 */
/* Small text forms: base64, hexadecimal, words of commands, times, queries, URLs. */
#include "aws/credentials_internal.h"
#include "aws/sigv4.h"
#include "aws/time.h"
#include "base/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void base64(enum base64_kind kind, const char *text, size_t len)
{
	AUTO_BUF struct buf plain = BUF_INIT;
	AUTO_BUF struct buf again = BUF_INIT;
	if (!base64_decode(kind, text, len, &plain))
		return;
	base64_encode(kind, plain.ptr, plain.len, &again);
	if (again.len != len || memcmp(buf_text(&again), text, len))
		bug("base64 with two forms");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)bytes, len);
	AUTO_BUF struct buf out = BUF_INIT;
	base64(BASE64_STANDARD, (const char *)bytes, len);
	base64(BASE64_URL, (const char *)bytes, len);
	base64(BASE64_URL_UNPADDED, (const char *)bytes, len);
	if (hex_decode((const char *)bytes, len, &out) && out.len * 2 != len)
		bug("hexadecimal of another length");
	split_words(arena, text);
	container_url_refused(text);
	credentials_parse_time(text);
	int64_t ms;
	if (aws_time_parse((const char *)bytes, len, &ms)) {
		char printed[32];
		aws_time_print(ms, printed);
	}
	buf_clear(&out);
	sigv4_canonical_query(text, &out);
	struct sigv4_request request = {"GET", "host", text, text, &(struct http_header){"x", text}, 1, SIGV4_EMPTY_HASH};
	AUTO_BUF struct buf names = BUF_INIT;
	sigv4_canonical_request(&request, false, &out, &names);
	arena_free(arena);
	return 0;
}
