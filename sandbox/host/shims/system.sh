#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: useradd adduser | the user is there for sudo, su and ssh, with a home; it is root under another name, as all are
# shim: usermod groupadd addgroup groupmod gpasswd chpasswd passwd userdel deluser | groups and passwords mean nothing here: said
# shim: sysctl modprobe swapon swapoff mkswap ufw setenforce update-initramfs update-grub tuned-adm | would change the machine or has no daemon here: said
# shim: crontab | really kept, and run: each minute, with those of /etc/crontab, /etc/cron.d and /etc/cron.hourly and its kin; output in /var/log/cron.log
# shim: at | really run, at a time as date(1) knows it, unless the host ends before
# shim: gpg | lets notes that stand for keys through; else the machine's own
# shim: lsb_release | of /etc/os-release
# shim: shutdown poweroff halt reboot | the instance stops or starts again, as it does at AWS; at a time (+60, 22:30), too, until -c
. /run/sandbox/shims/common.sh

add_user() {
	home='' user=''
	while [ $# -gt 0 ]; do
		case $1 in
		-d | --home | --home-dir) home=$2 && shift ;;
		-[sugGcbekKp] | --shell | --uid | --gid | --groups | --comment | --gecos | --ingroup | --password | --expiredate | --skel) shift ;;
		-*) ;;
		*) [ -n "$user" ] || user=$1 ;;
		esac
		shift
	done
	[ -n "$user" ] || fail 2 "Usage: $name NAME"
	! grep -q "^$user:" /etc/passwd || fail 9 "user '$user' already exists"
	home=${home:-/home/$user}
	echo "$user:x:0:0::$home:/bin/bash" >> /etc/passwd
	echo "$user:*:19000:0:99999:7:::" >> /etc/shadow
	echo "$user:x:0:" >> /etc/group
	mkdir -p "$home"
	note "$user: added; it is root under another name"
}

scheduled=/run/systemd/shutdown/scheduled

end() { # WORD
	note "the host ends: $1"
	exec /run/sandbox/infra sandbox shim "$1"
}

# To a time of day, the next one of these, or another one that date knows.
seconds_until() {
	then=$(date -d "$1" +%s 2> /dev/null) && [ -n "$1" ] || return 1
	then=$((then - $(date +%s)))
	case $1 in *[!\ 0-9:]*) ;; *) [ $then -gt 0 ] || then=$((then + 86400)) ;; esac
	[ $then -ge 0 ] && echo $then
}

last='' file=''
case $name in
useradd | adduser)
	# adduser USER GROUP
	case $name,$#,${1#-},${2#-} in adduser,2,"$1","$2") say "$1 would have become one of $2" && exit 0 ;; esac
	add_user "$@"
	;;
userdel | deluser)
	for user; do :; done
	sed -i "/^$user:/d" /etc/passwd /etc/shadow /etc/group
	;;
chpasswd)
	cat > /dev/null
	say "passwords are not set: who enters has a key"
	;;
crontab)
	user=${USER:-root} file='' verb=''
	while [ $# -gt 0 ]; do
		case $1 in
		-u) user=${2:?} && shift ;;
		-u*) user=${1#-u} ;;
		-l | -r | -e) verb=$1 ;;
		-i) ;;
		-ri | -ir) verb=-r ;;
		-?*) fail 1 "invalid option $1" ;;
		*) file=$1 ;;
		esac
		shift
	done
	grep -q "^$user:" /etc/passwd || fail 1 "user \`$user' unknown"
	tab=/var/spool/cron/crontabs/$user
	mkdir -p "${tab%/*}"
	case $verb in
	-l) cat "$tab" 2> /dev/null || fail 1 "no crontab for $user" ;;
	-r) rm -f "$tab" ;;
	-e) touch "$tab" && ${VISUAL:-${EDITOR:-vi}} "$tab" ;;
	*)
		new=$(mktemp)
		cat "${file:--}" > "$new" || exit 1
		mv "$new" "$tab"
		note "a crontab of $user"
		;;
	esac
	;;
at)
	time='' file=-
	while [ $# -gt 0 ]; do
		case $1 in
		-f) file=${2:?} && shift ;;
		-q | -t) shift ;;
		-*) ;;
		*) time="$time $1" ;;
		esac
		shift
	done
	seconds=$(seconds_until "$time") || fail 1 "Garbled time"
	mkdir -p /var/spool/cron/atjobs
	job=$(mktemp /var/spool/cron/atjobs/XXXXXX)
	cat "$file" > "$job"
	setsid sh -c 'sleep "$1" && exec sh "$2"' sh "$seconds" "$job" < /dev/null >> /var/log/cron.log 2>&1 &
	echo "job $! at $(date -d "@$(($(date +%s) + seconds))")" >&2
	;;
sysctl)
	case "$*" in
	*=* | *-p* | *--system*) say "would have set: $*" ;;
	*) real "$@" ;;
	esac
	;;
gpg)
	out='' key=''
	for word; do
		case $last in -o | --output) out=$word ;; esac
		case $word in --dearmor | --import) key=1 ;; -) ;; *) [ ! -f "$word" ] || file=$word ;; esac
		last=$word
	done
	[ -n "$key" ] || real "$@"
	text=$(cat ${file:+"$file"} | tr -d '\0')
	case $text in
	*"sandbox stand-in for"*) if [ -n "$out" ]; then echo "$text" > "$out"; else echo "$text"; fi ;;
	*) ! machine_has gpg || printf '%s\n' "$text" | real "$@" ;;
	esac
	;;
lsb_release)
	. /etc/os-release
	short=''
	case $* in *-*s*) short=1 ;; esac
	for word in ${*:-"-a"}; do
		case $word in -*[ca]* | --codename | --all) [ -n "$short" ] && echo "$VERSION_CODENAME" || printf 'Codename:\t%s\n' "$VERSION_CODENAME" ;; esac
		case $word in -*[ra]* | --release | --all) [ -n "$short" ] && echo "$VERSION_ID" || printf 'Release:\t%s\n' "$VERSION_ID" ;; esac
		case $word in -*[ia]* | --id | --all) [ -n "$short" ] && echo "$NAME" || printf 'Distributor ID:\t%s\n' "$NAME" ;; esac
		case $word in -*[da]* | --description | --all) [ -n "$short" ] && echo "$PRETTY_NAME" || printf 'Description:\t%s\n' "$PRETTY_NAME" ;; esac
	done
	;;
swapon) [ $# -eq 0 ] || [ "$1" = --show ] || say "would have done: $*" ;;
shutdown)
	word=poweroff time=''
	for arg; do
		case $arg in
		-c) rm -f $scheduled && exit 0 ;;
		-k) exit 0 ;;
		-r | --reboot | -[hfH]r | -r[hfH]) word=reboot ;;
		-*) ;;
		*) [ -n "$time" ] || time=$arg ;;
		esac
	done
	case ${time:-+1} in
	now | 0 | +0) seconds=0 ;;
	*[!+0-9:]*) fail 1 "Failed to parse time specification: $time" ;;
	*:*) seconds=$(seconds_until "$time") || fail 1 "Failed to parse time specification: $time" ;;
	*) seconds=${time:-1} && seconds=$((${seconds#+} * 60)) ;;
	esac
	[ $seconds -gt 0 ] || end $word
	mkdir -p ${scheduled%/*}
	printf 'USEC=%s000000\nWARN_WALL=1\nMODE=%s\n' $(($(date +%s) + seconds)) $word > $scheduled
	# whoever takes the file away, or writes another one, takes this back
	setsid sh -c 'was=$(cat "$1") && sleep "$2" && [ "$(cat "$1" 2> /dev/null)" = "$was" ] && exec /run/sandbox/infra sandbox shim "$3"' \
		sh $scheduled $seconds $word < /dev/null > /dev/null 2>&1 &
	note "the host ends in $seconds s: $word"
	echo "Shutdown scheduled for $(date -d "@$(($(date +%s) + seconds))"), use 'shutdown -c' to cancel." >&2
	;;
poweroff | halt | reboot) end "$name" ;;
*) say "would have done: $*" ;;
esac
