/* SPDX-License-Identifier: Apache-2.0 */
/* credential_process: a program of the user prints credentials ("Process credential provider", SDKs and Tools Guide). */
#include "aws/credentials_internal.h"

#include "base/proc.h"
#include "lang/value/json.h"

enum { TIMEOUT_MS = 120000, OUTPUT_LIMIT = 1 << 20 };

static const char failed[] = "The credential process failed";

const char *const *split_words(struct arena *arena, const char *command)
{
	AUTO_BUF struct buf word = BUF_INIT;
	VEC(const char *) words = {0};
	char quote = '\0';
	bool in_word = false;
	for (const char *p = command; *p; p++) {
		bool escapes = *p == '\\' && quote != '\'' && p[1];
		if (escapes && quote == '"' && !strchr("\"\\$`", p[1]))
			escapes = false;
		if (escapes) {
			buf_addc(&word, *++p);
			in_word = true;
		} else if (quote ? *p == quote : *p == '"' || *p == '\'') {
			quote = quote ? '\0' : *p;
			in_word = true;
		} else if (quote || !strchr(" \t\r\n", *p)) {
			buf_addc(&word, *p);
			in_word = true;
		} else if (in_word) {
			vec_add(&words, buf_copy(&word, arena));
			buf_clear(&word);
			in_word = false;
		}
	}
	if (in_word)
		vec_add(&words, buf_copy(&word, arena));
	vec_add(&words, NULL);
	const char *const *all = quote || words.count == 1 ? NULL : vec_copy(&words, arena);
	vec_free(&words);
	return all;
}

/* The last line that a program said about its failure. */
static const char *last_words(struct arena *arena, const char *text, size_t len)
{
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	const char *line = text + len;
	while (line > text && line[-1] != '\n')
		line--;
	return arena_strndup(arena, line, (size_t)(text + len - line));
}

static void ended(void *ctx, const struct proc_outcome *outcome)
{
	struct fetch *fetch = ctx;
	const struct step *step = fetch_step(fetch);
	char how[200];
	fetch->proc = NULL;
	if (outcome->result != PROC_EXITED || outcome->code != 0) {
		const char *said = last_words(fetch->arena, outcome->err, outcome->err_len);
		fetch_failed(fetch, failed, "%s %s%s%s", step->command, proc_describe(outcome, how, sizeof(how)), *said ? ": " : ".",
			     said);
		return;
	}
	static const struct json_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"};
	AUTO_BUF struct buf why = BUF_INIT;
	struct aws_credentials *credentials = NULL;
	const struct value *object = value_from_json(fetch->arena, outcome->out, outcome->out_len, &why);
	const struct value *version = object ? value_get(object, "Version") : NULL;
	int64_t number;
	if (object && !(version && value_is_a(version, TYPE_NUMBER) && number_to_int(version->number, &number) && number == 1))
		buf_adds(&why, "it has no \"Version\" of 1");
	else if (object)
		credentials = credentials_from_value(object, &names, step->source, &why);
	if (credentials)
		fetch_found(fetch, credentials);
	else
		fetch_failed(fetch, failed, "%s printed something else than the JSON of credentials: %s.", step->command,
			     buf_text(&why));
}

void source_process(struct fetch *fetch)
{
	const struct step *step = fetch_step(fetch);
	const char *const *words = split_words(fetch->arena, step->command);
	if (!words) {
		fetch_failed(fetch, failed, "credential_process = %s: a quote is not closed, or there is nothing to run.",
			     step->command);
		return;
	}
	fetch->proc = proc_start(fetch->identity->loop,
				 &(struct proc_options){.argv = words, .timeout_ms = TIMEOUT_MS, .output_limit = OUTPUT_LIMIT}, ended,
				 fetch);
}
