/* SPDX-License-Identifier: Apache-2.0 */
/* What every file needs: attributes, checked sizes, scope cleanup, and the two ways of giving up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define MUST_USE __attribute__((warn_unused_result))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A mistake in our own code: says so, names the place, and aborts. */
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
NORETURN void bug_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Memory has run out: says so and exits. A command has nothing better to do. */
NORETURN void out_of_memory(void);

/* malloc and friends that never return NULL; sizes are multiplied with a check. */
void *xmalloc(size_t size) __attribute__((malloc));
void *xcalloc(size_t count, size_t size) __attribute__((malloc));
void *xrealloc(void *ptr, size_t count, size_t size);
char *xstrdup(const char *s) __attribute__((malloc));
/* count * size, or out_of_memory() where that overflows. */
size_t size_mul(size_t count, size_t size);

/* qsort() for what is often in order already, which it leaves alone. */
void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *));

/* Things with an outside life are closed when their scope ends; steal_fd() hands one on. */
#define AUTO_FD __attribute__((cleanup(auto_close_fd)))
#define AUTO_FREE __attribute__((cleanup(auto_free)))
#define AUTO_FILE __attribute__((cleanup(auto_close_file)))
void auto_close_fd(int *fd);
void auto_free(void *ptr_to_ptr);
void auto_close_file(FILE **file);
static inline int steal_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}
