/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/call.h"

#include "aws/retry.h"
#include "base/buf.h"
#include "base/diag.h"

#include <fnmatch.h>
#include <string.h>

bool aws_code_is(const struct aws_answer *answer, const char *pattern)
{
	const char *code = answer->failure.code;
	return code && !fnmatch(pattern, code, FNM_NOESCAPE);
}

/* What to do about a code, where it is known: the first that fits. */
static const struct {
	const char *pattern, *advice;
} advices[] = {
	{"UnauthorizedOperation", "The credentials in use are not permitted to do this: a policy has to allow %s:%s."},
	{"AccessDenied*", "The credentials in use are not permitted to do this: a policy has to allow %s:%s."},
	{"AuthFailure", "The credentials in use were not accepted. Look whether they belong to this account and partition."},
	{"ExpiredToken*", "The session's credentials have ended: log in again, then run this again."},
	{"InvalidClientTokenId", "The access key is not known to AWS: it may have been deleted, or belong to another partition."},
	{"UnrecognizedClientException", "The access key is not known to AWS: it may have been deleted, or belong to another partition."},
	{"InvalidAccessKeyId", "The access key is not known to AWS: it may have been deleted, or belong to another partition."},
	{"SignatureDoesNotMatch", "The secret access key does not fit the access key."},
	{"InvalidSignatureException", "The secret access key does not fit the access key."},
	{"OptInRequired", "The region or the service has to be enabled for the account first."},
	{"SubscriptionRequiredException", "The service has to be enabled for the account first."},
	{"InsufficientInstanceCapacity", "AWS has no free machine of this type in this zone now. Another zone or another type may have one; or wait."},
	{"Insufficient*Capacity*", "AWS has no free capacity of this kind now. Try another zone, or wait."},
	{"VcpuLimitExceeded", "The account's quota for this family of instances is too small: `infra plan` shows which one to have raised."},
	{"MaxSpotInstanceCountExceeded", "The account's quota for spot instances of this family is too small: have it raised."},
	{"*LimitExceeded*", "A quota of the account is used up: have it raised, or remove what is not needed."},
	{"*QuotaExceeded*", "A quota of the account is used up: have it raised, or remove what is not needed."},
	{"RequestTimeTooSkewed", "Set this machine's clock."},
	{"RequestExpired", "The session's credentials have ended: log in again, then run this again. Or this machine's clock is wrong."},
};

static void add_advice(const struct aws_answer *answer, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
		if (!aws_code_is(answer, advices[i].pattern))
			continue;
		const char *advice = advices[i].advice, *service = strstr(advice, "%s:%s");
		buf_adds(out, "\n\n");
		if (service) {
			buf_add(out, advice, (size_t)(service - advice));
			buf_addf(out, "%s:%s%s", aws_text(aws_operation_service(answer->op)->signing),
				 aws_text(answer->op->name), service + strlen("%s:%s"));
		} else {
			buf_adds(out, advice);
		}
		return;
	}
}

/* EC2 puts an encoded explanation behind its refusals, longer than a screen. */
static void add_message(const char *message, struct buf *out)
{
	static const char encoded[] = "Encoded authorization failure message:";
	const char *end = strstr(message, encoded);
	size_t len = end ? (size_t)(end - message) : strlen(message);
	enum { LONGEST = 2000 };
	while (len && message[len - 1] == ' ')
		len--;
	buf_add(out, message, len > LONGEST ? LONGEST : len);
	if (len && !strchr(".!?", message[len - 1]))
		buf_addc(out, '.');
}

static void add_failure(const struct aws_answer *answer, struct buf *out)
{
	const struct aws_failure *failure = &answer->failure;
	const char *message = *failure->message ? failure->message : failure->note ? failure->note : "";
	buf_addf(out, "%s (HTTP %u)%s", failure->code, failure->status, *message ? ": " : ".");
	add_message(message, out);
}

struct diag *aws_error_diag(const struct aws_answer *answer, struct src_range subject, struct diags *diags)
{
	const char *summary = NULL;
	struct diag *first = NULL;
	AUTO_BUF struct buf detail = BUF_INIT;
	if (answer->diags && answer->result == AWS_NOT_SENT) {
		for (size_t i = 0; i < answer->diags->count; i++) {
			struct diag copy = answer->diags->items[i];
			if (src_range_is_empty(copy.subject))
				copy.subject = subject;
			struct diag *added = diags_add(diags, &copy);
			if (added->severity == DIAG_ERROR)
				first = added;
		}
		if (first)
			return first;
	}
	if (answer->op)
		buf_addf(&detail, "%s %s in %s: ", aws_text(aws_operation_service(answer->op)->name),
			 aws_text(answer->op->name), answer->region ? answer->region : "no region");
	switch (answer->result) {
	case AWS_OK:
		bug("a good answer is no error");
	case AWS_ERROR:
		summary = "AWS refused a request";
		add_failure(answer, &detail);
		break;
	case AWS_LOST:
		summary = answer->op && aws_only_reads(answer->op) ? "AWS gave no usable answer"
								   : "A request to AWS may or may not have been carried out";
		buf_adds(&detail, answer->error ? answer->error : "no answer came");
		buf_addc(&detail, '.');
		if (answer->failure.code) {
			buf_addc(&detail, ' ');
			add_failure(answer, &detail);
		}
		break;
	case AWS_NOT_SENT:
		summary = answer->refused ? "Invalid request to AWS" : "AWS could not be reached";
		buf_adds(&detail, answer->refused ? "" : "the request was not sent: ");
		buf_adds(&detail, answer->error ? answer->error : "unknown reason");
		if (!answer->refused)
			buf_addc(&detail, '.');
		break;
	}
	if (answer->url && answer->local)
		buf_addf(&detail, " The endpoint is %s.", answer->url);
	if (answer->result == AWS_ERROR)
		add_advice(answer, &detail);
	if (answer->request_id)
		buf_addf(&detail, "\n\nRequest id: %s", answer->request_id);
	return diag_error(diags, subject, summary, "%s", buf_text(&detail));
}
