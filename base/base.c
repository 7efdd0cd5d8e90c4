/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fprintf(stderr, "infra: ");
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\nThis is a bug in infra (%s:%d). Nothing that was recorded is lost; please report it.\n",
		file, line);
	va_end(args);
	abort();
}

void out_of_memory(void)
{
	static const char text[] = "infra: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	_exit(1);
}

size_t size_mul(size_t count, size_t size)
{
	size_t product;
	if (__builtin_mul_overflow(count, size, &product))
		out_of_memory();
	return product;
}

void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	size_t i = 1;
	while (i < count && compare((char *)items + (i - 1) * size, (char *)items + i * size) <= 0)
		i++;
	if (i < count)
		qsort(items, count, size, compare);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *ptr, size_t count, size_t size)
{
	size_t bytes = size_mul(count, size);
	void *p = realloc(ptr, bytes ? bytes : 1);
	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;
	return memcpy(xmalloc(n), s, n);
}

void auto_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void auto_free(void *ptr_to_ptr)
{
	void *p;
	memcpy(&p, ptr_to_ptr, sizeof(p));
	free(p);
}

void auto_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}
