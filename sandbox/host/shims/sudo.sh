#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: sudo | runs the command: root and the image's user are one user; -u, -i, -H and -D set HOME and folder
#
# Users are one, so that to become another one is to go on.
. /run/sandbox/shims/common.sh

user=root login='' home=''
while [ $# -gt 0 ]; do
	case $1 in
	-u | --user)
		user=${2:?}
		shift 2
		;;
	--user=*) user=${1#*=} && shift ;;
	-u*) user=${1#-u} && shift ;;
	-D | --chdir)
		cd "${2:?}" || exit 1
		shift 2
		;;
	-g | -p | -C | -T | -R | -r | -t | -h | --group | --prompt) shift 2 || exit 1 ;;
	-i | --login) login=1 home=1 && shift ;;
	-s | --shell | -[EnSkbAP] | --preserve-env* | --non-interactive) shift ;;
	-H | --set-home) home=1 && shift ;;
	-[EnSkbA][a-zA-Z]*) # several in one word
		rest=${1#-?}
		shift
		set -- "-$rest" "$@"
		;;
	-l | -v | -K | -V) exit 0 ;;
	--) shift && break ;;
	-*) fail 1 "there is no option $1 here" ;;
	*=*) export "${1?}" && shift ;;
	*) break ;;
	esac
done
line=$(grep "^$user:" /etc/passwd) || fail 1 "unknown user $user"
line=${line%:*}
export SUDO_USER="${SUDO_USER:-${USER:-$(id -un)}}" SUDO_UID=0 SUDO_GID=0
export USER="$user" LOGNAME="$user"
[ -z "$home" ] && [ "$user" = root ] && [ -n "$HOME" ] || export HOME="${line##*:}"
[ -z "$login" ] || cd "$HOME" || exit 1
[ $# -gt 0 ] || exec "${SHELL:-/bin/sh}" ${login:+-l}
[ -z "$login" ] || exec /bin/sh -l -c 'exec "$@"' sh "$@"
exec "$@"
