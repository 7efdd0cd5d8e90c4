/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/hosts_internal.h"

#include "base/buf.h"
#include "lang/value/jsonw.h"

#include <string.h>

enum { COLUMNS = 8 };

/* Columns of a terminal that UTF-8 takes, as far as it is letters. */
static size_t columns(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/*
 *   #  HOST                             NAME      STATE    PUBLIC        PRIVATE    USER    JUMP
 *   0  module.core.aws_instance.jump    msls-jump running  198.51.100.1  10.42.0.9  ubuntu  -
 */
void hosts_print(const struct hosts *hosts, struct buf *out)
{
	static const char *const head[COLUMNS] = {"#", "HOST", "NAME", "STATE", "PUBLIC", "PRIVATE", "USER", "JUMP"};
	struct arena *arena = arena_new();
	const char **cells = arena_array_of(arena, (hosts->count + 1) * COLUMNS, const char *);
	memcpy(cells, head, sizeof(head));
	size_t width[COLUMNS] = {0};
	for (size_t i = 0; i <= hosts->count; i++) {
		const struct host *host = i ? &hosts->items[i - 1] : NULL;
		const char **row = cells + i * COLUMNS;
		if (host) {
			row[0] = arena_printf(arena, "%zu", host->index);
			row[1] = host->address;
			row[2] = host->name ? host->name : "-";
			row[3] = host->state;
			row[4] = host->public_address ? host->public_address : "-";
			row[5] = host->private_address ? host->private_address : "-";
			row[6] = host->user ? host->user : "?";
			row[7] = host->jump ? host_title(host->jump) : host->no_way ? "none found" : "-";
		}
		for (size_t c = 0; c < COLUMNS; c++)
			width[c] = columns(row[c]) > width[c] ? columns(row[c]) : width[c];
	}
	for (size_t i = 0; i <= hosts->count; i++) {
		for (size_t c = 0; c < COLUMNS; c++) {
			const char *cell = cells[i * COLUMNS + c];
			buf_add_harmless(out, cell);
			if (c + 1 < COLUMNS)
				buf_add_repeated(out, ' ', width[c] - columns(cell) + 2);
		}
		buf_addc(out, '\n');
	}
	arena_free(arena);
}

void hosts_print_json(const struct hosts *hosts, struct buf *out)
{
	struct jsonw w = {.out = out, .pretty = true};
	jsonw_open(&w, NULL, '{');
	jsonw_int(&w, "format_version", 1);
	jsonw_open(&w, "hosts", '[');
	for (size_t i = 0; i < hosts->count; i++) {
		const struct host *host = &hosts->items[i];
		jsonw_open(&w, NULL, '{');
		jsonw_int(&w, "index", (int64_t)host->index);
		jsonw_text(&w, "address", host->address);
		jsonw_text(&w, "id", host->id);
		jsonw_text(&w, "name", host->name);
		jsonw_text(&w, "state", host->state);
		jsonw_text(&w, "public_address", host->public_address);
		jsonw_text(&w, "public_name", host->public_name);
		jsonw_text(&w, "private_address", host->private_address);
		jsonw_text(&w, "instance_type", host->type);
		jsonw_text(&w, "availability_zone", host->zone);
		jsonw_text(&w, "image", host->image);
		jsonw_text(&w, "user", host->user);
		jsonw_text(&w, "jump", host->jump ? host->jump->address : NULL);
		jsonw_text(&w, "unreachable", host->no_way);
		jsonw_text(&w, "identity", host->identity);
		jsonw_text(&w, "sandbox", host->sandbox);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	buf_addc(out, '\n');
}
