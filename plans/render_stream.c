/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of -json, one a line, as Terraform's machine-readable interface has them. */
#include "plans/render_internal.h"

#include "lang/value/jsonw.h"
#include "plans/engine.h"
#include "plans/render_json.h"

#include <string.h>
#include <time.h>

enum { FLUSH_AT = 64 * 1024 };
static const char INTERFACE[] = "1.2";

/* ---- the frame of a message ---- */

static struct jsonw begin(struct buf *out, const char *level, const char *text)
{
	struct jsonw w = {.out = out, .html_safe = true};
	struct timespec now;
	struct tm tm;
	char when[64] = "", second[32];
	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm) && strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(when, sizeof(when), "%s.%06uZ", second, (unsigned)(now.tv_nsec / 1000) % 1000000);
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "@level", level);
	jsonw_text(&w, "@message", text);
	jsonw_text(&w, "@module", "terraform.ui");
	jsonw_text(&w, "@timestamp", when);
	return w;
}

static void end(struct jsonw *w, const char *type)
{
	jsonw_text(w, "type", type);
	jsonw_close(w, '}');
	buf_addc(w->out, '\n');
}

void stream_version(const char *version, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "infra %s", version);
	struct jsonw w = begin(out, "info", buf_text(&text));
	jsonw_text(&w, "infra", version);
	jsonw_text(&w, "terraform", TERRAFORM_FORMS);
	jsonw_text(&w, "ui", INTERFACE);
	end(&w, "version");
}

void stream_log(const char *text, struct buf *out)
{
	struct jsonw w = begin(out, "info", text);
	end(&w, "log");
}

static void add_resource(struct jsonw *w, const char *key, const struct address *parts, struct arena *arena)
{
	struct address module = *parts, within = *parts;
	module.type = NULL;
	within.module_count = 0;
	jsonw_open(w, key, '{');
	jsonw_text(w, "addr", address_print(arena, parts));
	jsonw_text(w, "module", address_print(arena, &module));
	jsonw_text(w, "resource", address_print(arena, &within));
	jsonw_text(w, "implied_provider", strcmp(parts->type, "terraform_data") ? arena_strndup(arena, parts->type, strcspn(parts->type, "_")) : "terraform");
	jsonw_text(w, "resource_type", parts->type);
	jsonw_text(w, "resource_name", parts->name);
	if (parts->key.kind == KEY_INDEX)
		jsonw_int(w, "resource_key", (int64_t)parts->key.index);
	else
		jsonw_text(w, "resource_key", parts->key.kind == KEY_NAME ? parts->key.name : NULL);
	jsonw_close(w, '}');
}

/* ---- progress ---- */

static bool parse(struct arena *arena, const char *text, struct address *parts)
{
	struct diags ignored;
	diags_init(&ignored);
	bool ok = text && address_parse(arena, text, parts, &ignored);
	diags_release(&ignored);
	return ok;
}

void stream_event(const struct engine_event *event, struct buf *out)
{
	static const struct {
		const char *type;
		bool action, elapsed;
	} kinds[] = {
		[EVENT_REFRESHING] = {"refresh_start", false, false}, [EVENT_REFRESHED] = {"refresh_complete", false, false},
		[EVENT_READING] = {"apply_start", true, false},       [EVENT_READ] = {"apply_complete", true, true},
		[EVENT_SETTLED] = {"log", false, false},	      [EVENT_STARTED] = {"apply_start", true, false},
		[EVENT_WAITING] = {"apply_progress", true, true},     [EVENT_FINISHED] = {"apply_complete", true, true},
		[EVENT_FAILED] = {"apply_errored", true, true},	      [EVENT_STOPPING] = {"log", false, false},
		[EVENT_PLANNING] = {"log", false, false},	      [EVENT_LEAVING] = {"log", false, false},
	};
	AUTO_BUF struct buf text = BUF_INIT;
	struct engine_event one = *event;
	one.total = 0; /* each is told */
	if (event->kind == EVENT_REFRESHED)
		buf_addf(&text, "%s: Refresh complete%s%s%s", event->address, event->id ? " [id=" : "", event->id ? event->id : "",
			 event->id ? "]" : "");
	else
		render_event(&one, &(struct render_options){0}, &text);
	while (text.len && text.ptr[text.len - 1] == '\n')
		text.ptr[--text.len] = '\0';
	struct arena *arena = arena_new();
	struct address parts;
	const char *type = kinds[event->kind].type;
	struct jsonw w = begin(out, event->kind == EVENT_FAILED ? "error" : "info", buf_text(&text) + strspn(buf_text(&text), "\n"));
	if (strcmp(type, "log") != 0 && parse(arena, event->address, &parts)) {
		bool read = event->kind == EVENT_READING || event->kind == EVENT_READ;
		jsonw_open(&w, "hook", '{');
		add_resource(&w, "resource", &parts, arena);
		if (kinds[event->kind].action)
			jsonw_text(&w, "action", plan_action_name(read ? PLAN_READ : event->action));
		if (event->id && *event->id && event->kind != EVENT_WAITING && event->kind != EVENT_FAILED &&
		    !(event->kind == EVENT_FINISHED && event->action == PLAN_DELETE)) {
			jsonw_text(&w, "id_key", "id");
			jsonw_text(&w, "id_value", event->id);
		}
		if (kinds[event->kind].elapsed)
			jsonw_int(&w, "elapsed_seconds", event->seconds);
		if (event->total && (event->kind == EVENT_FINISHED || event->kind == EVENT_FAILED)) {
			jsonw_int(&w, "done", (int64_t)event->count);
			jsonw_int(&w, "total", (int64_t)event->total);
		}
		if (event->kind == EVENT_WAITING && event->text)
			jsonw_text(&w, "waits_for", event->text);
		jsonw_close(&w, '}');
	}
	end(&w, type);
	arena_free(arena);
}

/* ---- diagnostics ---- */

/* The header of the block that a place stands in: `resource "aws_vpc" "main"`. */
static bool find_block(const struct src *src, uint32_t line, struct buf *out)
{
	for (; line > 0; line--) {
		size_t len;
		const char *text = src_line(src, line, &len);
		bool header = len && text[0] != ' ' && text[0] != '\t' && text[0] != '}' && text[0] != '#' && text[0] != '/' &&
			      memchr(text, '{', len);
		if (!header)
			continue;
		size_t end_at = (size_t)((const char *)memchr(text, '{', len) - text);
		while (end_at && text[end_at - 1] == ' ')
			end_at--;
		buf_add(out, text, end_at);
		return end_at > 0;
	}
	return false;
}

static void add_position(struct jsonw *w, const char *key, struct src_pos pos)
{
	jsonw_open(w, key, '{');
	jsonw_int(w, "line", pos.line);
	jsonw_int(w, "column", pos.column);
	jsonw_int(w, "byte", pos.byte);
	jsonw_close(w, '}');
}

static void add_place(const struct diag *diag, const struct src_set *sources, struct jsonw *w)
{
	const struct src *src = sources && !src_range_is_empty(diag->subject) ? src_find(sources, diag->subject.start) : NULL;
	if (!src)
		return;
	struct src_range subject = diag->subject, shown = src_range_is_empty(diag->context) ? subject : diag->context;
	if (subject.end <= subject.start)
		subject.end = subject.start + 1;
	if (shown.start > subject.start)
		shown.start = subject.start;
	if (shown.end < subject.end)
		shown.end = subject.end;
	struct src_pos start = src_pos(src, subject.start), stop = src_pos(src, subject.end);
	jsonw_open(w, "range", '{');
	jsonw_text(w, "filename", src_name(src));
	add_position(w, "start", start);
	add_position(w, "end", stop);
	jsonw_close(w, '}');
	AUTO_BUF struct buf code = BUF_INIT;
	AUTO_BUF struct buf block = BUF_INIT;
	uint32_t first = src_pos(src, shown.start).line, last = src_pos(src, shown.end).line, base = 0;
	size_t len;
	base = (uint32_t)(src_line(src, first, &len) - src_text(src));
	for (uint32_t line = first; line <= last; line++) {
		const char *text = src_line(src, line, &len);
		if (line > first)
			buf_addc(&code, '\n');
		buf_add(&code, text, len);
	}
	uint32_t from = start.byte - base, to = stop.byte - base;
	jsonw_open(w, "snippet", '{');
	jsonw_text(w, "context", find_block(src, start.line, &block) ? buf_text(&block) : NULL);
	jsonw_text(w, "code", buf_text(&code));
	jsonw_int(w, "start_line", first);
	jsonw_int(w, "highlight_start_offset", from);
	jsonw_int(w, "highlight_end_offset", to > code.len ? code.len : to);
	jsonw_open(w, "values", '[');
	jsonw_close(w, ']');
	jsonw_close(w, '}');
}

void json_diag(const struct diag *diag, const struct src_set *sources, struct jsonw *w)
{
	AUTO_BUF struct buf detail = BUF_INIT;
	buf_adds(&detail, diag->detail ? diag->detail : "");
	for (size_t i = 0; i < diag->note_count; i++)
		buf_addf(&detail, "%s%s", detail.len ? "\n" : "", diag->notes[i].text);
	jsonw_open(w, NULL, '{');
	jsonw_text(w, "severity", diag->severity == DIAG_ERROR ? "error" : "warning");
	jsonw_text(w, "summary", diag->summary);
	jsonw_text(w, "detail", buf_text(&detail));
	if (diag->address)
		jsonw_text(w, "address", diag->address);
	add_place(diag, sources, w);
	jsonw_close(w, '}');
}

void stream_diags(const struct diags *diags, const struct src_set *sources, struct buf *out)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		bool error = diag->severity == DIAG_ERROR;
		AUTO_BUF struct buf text = BUF_INIT;
		buf_addf(&text, "%s: %s", error ? "Error" : "Warning", diag->summary);
		struct jsonw w = begin(out, error ? "error" : "warn", buf_text(&text));
		jsonw_key(&w, "diagnostic");
		json_diag(diag, sources, &w);
		end(&w, "diagnostic");
	}
}

void json_validation(const struct diags *diags, const struct src_set *sources, struct buf *out)
{
	struct jsonw w = {.out = out, .pretty = true, .html_safe = true};
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "format_version", "1.0");
	jsonw_bool(&w, "valid", !diags->error_count);
	jsonw_int(&w, "error_count", (int64_t)diags->error_count);
	jsonw_int(&w, "warning_count", (int64_t)(diags->count - diags->error_count));
	jsonw_open(&w, "diagnostics", '[');
	for (size_t i = 0; i < diags->count; i++)
		json_diag(&diags->items[i], sources, &w);
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	buf_addc(out, '\n');
}

/* ---- a plan ---- */

static const char *reason_name(enum plan_reason reason)
{
	static const char *const names[] = {
		[REASON_TAINTED] = "tainted",
		[REASON_REQUESTED] = "requested",
		[REASON_TRIGGERED] = "replace_triggered_by",
		[REASON_CANNOT_UPDATE] = "cannot_update",
		[REASON_NO_CONFIG] = "delete_because_no_resource_config",
		[REASON_NO_CALL] = "delete_because_no_resource_config",
		[REASON_NO_MODULE] = "delete_because_no_module",
		[REASON_COUNT_INDEX] = "delete_because_count_index",
		[REASON_EACH_KEY] = "delete_because_each_key",
		[REASON_WRONG_REPETITION] = "delete_because_wrong_repetition",
		[REASON_NO_MOVE_TARGET] = "delete_because_no_move_target",
		[REASON_READ_UNKNOWN] = "read_because_config_unknown",
		[REASON_READ_DEPENDENCY] = "read_because_dependency_pending",
		[REASON_DEPOSED] = NULL,
	};
	return names[reason];
}

static const char *shown_action(const struct change *change, bool moved)
{
	if (change->action == PLAN_NOOP && moved)
		return "move";
	if (change->action == PLAN_NOOP && change->importing)
		return "import";
	if (change->action == PLAN_FORGET)
		return "remove";
	return change->action == PLAN_NOOP ? "noop" : plan_action_name(change->action);
}

static void add_change(struct buf *out, const struct change *change, struct arena *arena)
{
	bool moved = change->previous_address && strcmp(change->previous_address, change->address) != 0;
	if ((change->action == PLAN_NOOP && !moved && !change->importing) || (change->action == PLAN_DELETE && change->parts.data))
		return;
	const char *action = shown_action(change, moved);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "%s: Plan to %s", change->address, action);
	struct jsonw w = begin(out, "info", buf_text(&text));
	jsonw_open(&w, "change", '{');
	add_resource(&w, "resource", &change->parts, arena);
	struct address before;
	if (moved && parse(arena, change->previous_address, &before))
		add_resource(&w, "previous_resource", &before, arena);
	jsonw_text(&w, "action", action);
	if (reason_name(change->reason))
		jsonw_text(&w, "reason", reason_name(change->reason));
	if (change->importing) {
		jsonw_open(&w, "importing", '{');
		jsonw_text(&w, "id", change->import_id);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	end(&w, "planned_change");
}

static void add_summary(struct buf *out, const char *text, size_t add, size_t change, size_t import, size_t remove, const char *operation)
{
	struct jsonw w = begin(out, "info", text);
	jsonw_open(&w, "changes", '{');
	jsonw_int(&w, "add", (int64_t)add);
	jsonw_int(&w, "change", (int64_t)change);
	jsonw_int(&w, "import", (int64_t)import);
	jsonw_int(&w, "remove", (int64_t)remove);
	jsonw_text(&w, "operation", operation);
	jsonw_close(&w, '}');
	end(&w, "change_summary");
}

static void flush(const struct render_options *options, struct buf *out)
{
	if (options->flush && out->len > FLUSH_AT)
		options->flush(options->ctx, out);
}

void stream_plan(const struct plan *plan, const struct render_options *options, struct buf *out)
{
	struct arena *arena = arena_new();
	for (size_t i = 0; i < plan->drift_count; i++) {
		const struct drift *drift = &plan->drifts[i];
		struct address parts;
		if (!parse(arena, drift->address, &parts))
			continue;
		const char *action = drift->after ? "update" : "delete";
		AUTO_BUF struct buf text = BUF_INIT;
		buf_addf(&text, "%s: Drift detected (%s)", drift->address, action);
		struct jsonw w = begin(out, "info", buf_text(&text));
		jsonw_open(&w, "change", '{');
		add_resource(&w, "resource", &parts, arena);
		jsonw_text(&w, "action", action);
		jsonw_close(&w, '}');
		end(&w, "resource_drift");
		arena_reset(arena);
		flush(options, out);
	}
	for (size_t i = 0; i < plan->change_count; i++) {
		add_change(out, &plan->changes[i], arena);
		arena_reset(arena);
		flush(options, out);
	}
	arena_free(arena);
	struct plan_counts counts = plan_count(plan);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_adds(&text, "Plan: ");
	if (counts.import)
		buf_addf(&text, "%zu to import, ", counts.import);
	buf_addf(&text, "%zu to add, %zu to change, %zu to destroy.", counts.add, counts.change, counts.destroy);
	add_summary(out, buf_text(&text), counts.add, counts.change, counts.import, counts.destroy, "plan");
	if (!plan->output_count)
		return;
	buf_clear(&text);
	buf_addf(&text, "Outputs: %zu", plan->output_count);
	struct jsonw w = begin(out, "info", buf_text(&text));
	jsonw_open(&w, "outputs", '{');
	for (size_t i = 0; i < plan->output_count; i++) {
		const struct output_change *o = &plan->outputs[i];
		bool same = o->before && o->after && diff_same(o->before, o->after);
		jsonw_open(&w, o->name, '{');
		jsonw_bool(&w, "sensitive", o->sensitive);
		jsonw_text(&w, "action", same || (!o->before && !o->after) ? "noop" : !o->before ? "create" : !o->after ? "delete" : "update");
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	end(&w, "outputs");
}

/* ---- afterwards ---- */

void stream_applied(const struct plan *plan, const struct tally *tally, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT;
	bool destroy = plan->mode == PLAN_DESTROY;
	if (destroy) {
		buf_addf(&text, "Destroy complete! Resources: %zu destroyed.", tally->destroyed);
	} else {
		buf_adds(&text, "Apply complete! Resources: ");
		render_tally(tally, &text);
		buf_addc(&text, '.');
	}
	add_summary(out, buf_text(&text), tally->added, tally->changed, tally->imported, tally->destroyed, destroy ? "destroy" : "apply");
}

void stream_outputs(const struct state *state, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "Outputs: %zu", state_output_count(state));
	struct jsonw w = begin(out, "info", buf_text(&text));
	jsonw_open(&w, "outputs", '{');
	for (size_t i = 0; i < state_output_count(state); i++) {
		const struct state_output *output = state_output_at(state, i);
		bool sensitive = value_marks_deep(output->value) & VALUE_SENSITIVE;
		AUTO_BUF struct buf type = BUF_INIT;
		type_print_json(output->value->type, &type);
		jsonw_open(&w, output->name, '{');
		jsonw_bool(&w, "sensitive", sensitive);
		jsonw_raw(&w, "type", buf_text(&type), type.len);
		if (!sensitive)
			jsonw_value(&w, "value", output->value);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	end(&w, "outputs");
}
