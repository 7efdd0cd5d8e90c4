#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: curl wget | hosts of the sandbox are asked by the machine's own program; a file of the internet (packages, archives, keys, scripts) is a note that names it; anything else on the internet is not found
. /run/sandbox/shims/common.sh

url='' out='' remote='' folder='' quiet=''
look() {
	while [ $# -gt 0 ]; do
		case $1 in
		http://* | https://* | ftp://*) url=$1 ;;
		--url) url=$2 && shift ;;
		--url=*) url=${1#*=} ;;
		-o | --output) [ "$name" = wget ] || out=$2 && shift ;;
		--output=* | --output-document=*) out=${1#*=} ;;
		-o?*) [ "$name" = wget ] || out=${1#-o} ;;
		-O) if [ "$name" = wget ]; then out=$2 && shift; else remote=1; fi ;;
		--output-document) out=$2 && shift ;;
		--remote-name | -J) remote=1 ;;
		-P | --directory-prefix | --output-dir) folder=$2/ && shift ;;
		-q | --quiet | -s | --silent | -nv) quiet=1 ;;
		-[A-Za-z]*O) if [ "$name" = wget ]; then out=$2 && shift; else remote=1; fi ;;
		-[A-Za-z]*o) [ "$name" = wget ] || out=$2 && shift ;;
		-[HXdFuAebcrxmTwyYz] | --header | --request | --data | --data-binary | --data-raw | --form | --user | --user-agent | --referer | --cookie | \
			--max-time | --connect-timeout | --retry | --retry-delay | --retry-max-time | --write-out | --cacert | --cert | --key | \
			--resolve | --interface | --proxy | --timeout | --tries) shift ;;
		-*) ;;
		*.*/* | *.*.*) [ -n "$url" ] || url=$1 ;;
		esac
		shift
	done
}
look "$@"

if [ -z "$url" ] || is_inside "$url"; then
	real "$@"
fi
file=${url%%\?*}
into=$out$remote
[ "$name" != wget ] || [ -n "$out" ] || into=1
case $file in
*.deb | *.rpm | *.gz | *.tgz | *.xz | *.bz2 | *.zip | *.whl | *.asc | *.pub | *.pem | *.repo | *.list | *.yaml | *.yml | *.json | *.tar | *.sh | *.run | \
	*.txt | *.cfg | *.conf | *.py | *.ipynb | *.bin | *gpg* | *key*) ;;
https://get.docker.com* | *install*) file=$file.sh ;;
*)
	if [ -z "$into" ] || [ "$out" = - ] || [ "$out" = /dev/null ]; then
		note "refused: $url is on the internet"
		[ "$name" = wget ] || fail 6 "(6) Could not resolve host: $host (the sandbox has no internet)"
		fail 4 "unable to resolve host address '$host' (the sandbox has no internet)"
	fi
	;;
esac
[ "$name" != wget ] || [ -n "$out" ] || out=$folder${file##*/}
[ -z "$remote" ] || out=$folder${file##*/}
note "$url: a note stands for it${out:+ in $out}"
if [ -z "$out" ] || [ "$out" = - ]; then
	stand_in "$file" "$url"
else
	[ -n "$quiet" ] || echo "[sandbox] $name: a note stands for $url in $out" >&2
	stand_in "$file" "$url" > "$out"
fi
