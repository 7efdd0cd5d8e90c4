/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the files of a folder to a fuzz entry, one after the other: what once broke it stays mended. */
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	char **names;
	size_t count;
	if (argc != 2 || !directory_list(arena, argv[1], &names, &count) || !count) {
		fprintf(stderr, "usage: %s FOLDER (with files in it)\n", argv[0]);
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		struct buf text = BUF_INIT;
		if (!file_read(path_join(arena, argv[1], names[i]), 0, &text))
			return 1;
		/* In memory of exactly its size, so that a sanitizer sees one byte read too far. */
		char *exact = malloc(text.len ? text.len : 1);
		if (!exact)
			out_of_memory();
		if (text.len)
			memcpy(exact, text.ptr, text.len);
		LLVMFuzzerTestOneInput((const uint8_t *)exact, text.len);
		free(exact);
		buf_release(&text);
	}
	printf("%zu inputs\n", count);
	arena_free(arena);
	return 0;
}
