#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: aws | s3 cp, sync, mv and rm: notes stand for what would come from a bucket, what would go there is said; all else is the machine's own AWS CLI, which speaks to the sandbox, and where there is none, said
. /run/sandbox/shims/common.sh

fetch() { # FROM TO
	case $2 in
	-) stand_in "$1" "$1" ;;
	*/ | . | ..) mkdir -p "$2" && stand_in "$1" "$1" > "${2%/}/$(basename "$1")" ;;
	*) if [ -d "$2" ]; then stand_in "$1" "$1" > "$2/$(basename "$1")"; else mkdir -p "$(dirname "$2")" && stand_in "$1" "$1" > "$2"; fi ;;
	esac
	say "a note stands for $1 at $2" >&2
}

all=$* verb='' from='' to=''
for word in "$@"; do
	case $word in
	-*) ;;
	s3) [ -n "$verb" ] || verb=s3 ;;
	cp | sync | mv | rm | ls | mb | presign) [ "$verb" != s3 ] || verb="s3 $word" ;;
	*) case $verb in "s3 "*) if [ -z "$from" ]; then from=$word; elif [ -z "$to" ]; then to=$word; fi ;; esac ;;
	esac
done
case $verb,$from,$to in
"s3 cp,s3://"*,s3://* | "s3 "*,*,s3://* | "s3 rm"* | "s3 mb"*) say "would have done: $all" >&2 ;;
"s3 cp,s3://"*/, | "s3 cp,s3://"*,*)
	case " $all " in
	*" --recursive "*) mkdir -p "$to" && stand_in note.txt "$from" > "$to/README.sandbox" && say "a note stands for $from at $to" >&2 ;;
	*) fetch "$from" "$to" ;;
	esac
	;;
"s3 sync,s3://"* | "s3 mv,s3://"*) mkdir -p "$to" && stand_in note.txt "$from" > "$to/README.sandbox" && say "a note stands for $from at $to" >&2 ;;
"s3 ls"*) note "refused: $all" && exit 1 ;;
*)
	if machine_has aws; then
		# older ones know the option alone
		case " $all " in *" --endpoint-url"*) ;; *) set -- ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} "$@" ;; esac
		real "$@"
	fi
	say "would have done: $all" >&2
	;;
esac
