#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: su runuser | as sudo: another name and home of the one user; -, -l, -c, -s, -m
. /run/sandbox/shims/common.sh

user='' login='' command='' keep='' shell=/bin/bash has=''
while [ $# -gt 0 ]; do
	case $1 in
	- | -l | --login) login=1 ;;
	-c | --command) command=${2:?} has=1 && shift ;;
	--command=*) command=${1#*=} has=1 ;;
	-s | --shell) shell=${2:?} && shift ;;
	-u | -g | -G | -w) [ "$1" != -u ] || user=${2:?} && shift ;;
	-m | -p | --preserve-environment) keep=1 ;;
	-lc | -cl) login=1 command=${2:?} has=1 && shift ;;
	--) shift && break ;;
	-*) ;;
	*) [ -n "$user" ] && break || user=$1 ;;
	esac
	shift
done
user=${user:-root}
line=$(grep "^$user:" /etc/passwd) || fail 1 "user $user does not exist"
line=${line%:*}
[ -n "$keep" ] || export HOME="${line##*:}" USER="$user" LOGNAME="$user" SHELL="$shell"
[ -z "$login" ] || cd "$HOME" || exit 1
if [ -n "$has" ]; then
	exec "$shell" ${login:+-l} -c "$command" "$@"
elif [ "$name" = runuser ] && [ $# -gt 0 ]; then
	exec "$@"
fi
exec "$shell" ${login:+-l} "$@"
