/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/trash.h"

#include "base/buf.h"
#include "base/loop.h"
#include "sandbox/host/guest.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUSY_NICENESS = 10 };

static void path_of(const char *disks, struct buf *out)
{
	buf_addf(out, "%s/trash", disks);
}

/*
 * Step by step into each directory, never by a path: hosts that still have one of them open may exchange what is in it
 * for links meanwhile. What stays is tried again in the next life.
 */
void trash_clear(const char *disks)
{
	AUTO_BUF struct buf path = BUF_INIT;
	path_of(disks, &path);
	char *const roots[] = {path.ptr, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL, NULL);
	for (FTSENT *entry; tree && (entry = fts_read(tree));) {
		if (entry->fts_info == FTS_DP)
			(void)!rmdir(entry->fts_accpath);
		else if (entry->fts_info != FTS_D && entry->fts_level > 0)
			(void)!unlink(entry->fts_accpath);
	}
	if (tree)
		fts_close(tree);
}

bool trash_take(struct guests *g, const char *path)
{
	AUTO_BUF struct buf to = BUF_INIT;
	path_of(g->disks, &to);
	if (mkdir(buf_text(&to), 0700) < 0 && errno != EEXIST)
		return false;
	size_t len = to.len;
	bool taken;
	do { /* names of an earlier life may still be there */
		to.len = len;
		buf_addf(&to, "/%u", ++g->taken);
		taken = rename(path, buf_text(&to)) == 0;
	} while (!taken && (errno == ENOTEMPTY || errno == EEXIST));
	return taken || errno == ENOENT;
}

static void on_end(void *ctx, pid_t pid, int status)
{
	struct guests *g = ctx;
	(void)pid, (void)status;
	g->remover = 0;
	if (g->taken != g->removed)
		trash_start(g);
}

void trash_start(struct guests *g)
{
	AUTO_BUF struct buf path = BUF_INIT;
	path_of(g->disks, &path);
	if (g->remover || access(buf_text(&path), F_OK) < 0)
		return;
	pid_t pid = fork();
	if (pid < 0)
		return; /* with the next order, or in the next life */
	if (!pid) {
		syscall(SYS_close_range, 3u, ~0u, 0u);
		(void)!nice(BUSY_NICENESS);
		trash_clear(g->disks);
		_exit(0);
	}
	g->remover = pid;
	g->removed = g->taken;
	loop_child(g->loop, pid, on_end, g);
}
