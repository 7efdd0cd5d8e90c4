/* SPDX-License-Identifier: Apache-2.0 */
/* Progress, a line each. */
#include "plans/render_internal.h"

#include "plans/engine.h"

#include <string.h>

enum { ID_MAX = 80, MANY_READS = 20 };

struct verbs {
	const char *starts, *lasts, *done, *failed;
};

static const struct verbs *verbs_of(enum plan_action action)
{
	static const struct verbs create = {"Creating...", "Still creating...", "Creation complete", "Creation failed"},
				  update = {"Modifying...", "Still modifying...", "Modifications complete", "Modification failed"},
				  delete = {"Destroying...", "Still destroying...", "Destruction complete", "Destruction failed"},
				  read = {"Reading...", "Still reading...", "Read complete", "Reading failed"};
	switch (action) {
	case PLAN_CREATE:
	case PLAN_DELETE_THEN_CREATE:
	case PLAN_CREATE_THEN_DELETE:
		return &create;
	case PLAN_UPDATE:
		return &update;
	case PLAN_DELETE:
	case PLAN_FORGET:
		return &delete;
	case PLAN_READ:
	case PLAN_NOOP:
		break;
	}
	return &read;
}

void duration_print(unsigned seconds, struct buf *out)
{
	if (seconds >= 3600)
		buf_addf(out, "%uh", seconds / 3600);
	if (seconds >= 60)
		buf_addf(out, "%um", seconds / 60 % 60);
	buf_addf(out, "%us", seconds % 60);
}

/* An id, long ones shortened in the middle. */
static void add_id(const char *id, struct buf *out)
{
	size_t len = strlen(id);
	if (len <= ID_MAX) {
		buf_adds(out, id);
		return;
	}
	size_t head = ID_MAX / 2 - 1, tail = len - (ID_MAX / 2 - 2);
	while (head && ((unsigned char)id[head] & 0xC0) == 0x80)
		head--;
	while (((unsigned char)id[tail] & 0xC0) == 0x80)
		tail++;
	buf_addf(out, "%.*s...%s", (int)head, id, id + tail);
}

static void add_suffix(const char *id, struct buf *out)
{
	if (!id || !*id)
		return;
	buf_adds(out, " [id=");
	add_id(id, out);
	buf_addc(out, ']');
}

void render_event(const struct engine_event *event, const struct render_options *options, struct buf *out)
{
	const char *bold = tint(options->color, TINT_BOLD), *none = tint(options->color, TINT_NONE);
	const struct verbs *verbs = verbs_of(event->action);
	AUTO_BUF struct buf line = BUF_INIT;
	AUTO_BUF struct buf time = BUF_INIT;
	if (event->address)
		buf_adds(&line, event->address);
	if (event->action == PLAN_DELETE && event->deposed && *event->deposed)
		buf_addf(&line, " (deposed object %s)", event->deposed);
	buf_adds(&line, ": ");
	duration_print(event->seconds, &time);
	switch (event->kind) {
	case EVENT_REFRESHING:
		if (event->total > MANY_READS) {
			if (event->count)
				return;
			buf_clear(&line);
			buf_addf(&line, "%s: Refreshing state of %zu objects...", event->type->name, event->total);
			break;
		}
		buf_adds(&line, "Refreshing state...");
		add_suffix(event->id, &line);
		break;
	case EVENT_REFRESHED:
		return;
	case EVENT_READING:
		buf_adds(&line, "Reading...");
		break;
	case EVENT_READ:
		buf_addf(&line, "Read complete after %s", buf_text(&time));
		add_suffix(event->id, &line);
		break;
	case EVENT_SETTLED:
		buf_adds(&line, event->text);
		break;
	case EVENT_STARTED:
		buf_adds(&line, verbs->starts);
		add_suffix(event->id, &line);
		break;
	case EVENT_WAITING:
		buf_addf(&line, "%s [", verbs->lasts);
		if (event->id && *event->id) {
			buf_adds(&line, "id=");
			add_id(event->id, &line);
			buf_adds(&line, ", ");
		}
		buf_addf(&line, "%s elapsed", buf_text(&time));
		if (event->text && *event->text)
			buf_addf(&line, ", %s", event->text);
		buf_addc(&line, ']');
		break;
	case EVENT_FINISHED:
	case EVENT_FAILED:
		buf_addf(&line, "%s after %s", event->kind == EVENT_FINISHED ? verbs->done : verbs->failed, buf_text(&time));
		if (event->action != PLAN_DELETE)
			add_suffix(event->id, &line);
		if (event->total > 1 && event->action != PLAN_READ)
			buf_addf(&line, " (%zu of %zu)", event->count, event->total);
		break;
	case EVENT_STOPPING:
		buf_clear(&line);
		buf_adds(&line, "\nInterrupted: nothing new is started.");
		if (event->count)
			buf_addf(&line, " %zu operation%s under way %s finished and recorded first.\nA second Ctrl-C leaves at once; the next run then "
					"finds out what became of %s.",
				 event->count, event->count == 1 ? "" : "s", event->count == 1 ? "is" : "are", event->count == 1 ? "it" : "them");
		buf_addc(&line, '\n');
		break;
	case EVENT_PLANNING:
		buf_clear(&line);
		buf_addf(&line, "Still reading what exists... [%s elapsed%s%s]", buf_text(&time), event->text ? ", " : "",
			 event->text ? event->text : "");
		break;
	case EVENT_LEAVING:
		buf_clear(&line);
		buf_addf(&line, "\nInterrupted again: leaving at once, with %zu operation%s under way. The next run finds out what became of %s.",
			 event->count, event->count == 1 ? "" : "s", event->count == 1 ? "it" : "them");
		break;
	}
	buf_addf(out, "%s%s%s\n", bold, buf_text(&line), none);
}
