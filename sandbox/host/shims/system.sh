#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: useradd adduser | the user is there for sudo, su and ssh, with a home; it is root under another name, as all are
# shim: usermod groupadd addgroup groupmod gpasswd chpasswd passwd userdel deluser | groups and passwords mean nothing here: said
# shim: sysctl modprobe swapon swapoff mkswap ufw setenforce update-initramfs update-grub crontab at tuned-adm | would change the machine or has no daemon here: said
# shim: gpg | lets notes that stand for keys through; else the machine's own
# shim: lsb_release | of /etc/os-release
# shim: shutdown poweroff halt reboot | the instance stops or starts again, as it does at AWS
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
	case ${1:-} in
	-l) cat /var/spool/cron/crontabs/root 2> /dev/null || fail 1 "no crontab for root" ;;
	-r) rm -f /var/spool/cron/crontabs/root ;;
	-*) real "$@" ;;
	*)
		mkdir -p /var/spool/cron/crontabs
		cat "${1:--}" > /var/spool/cron/crontabs/root
		say "kept, but nothing runs it: there is no cron here"
		;;
	esac
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
	word=poweroff
	for arg; do case $arg in -r | --reboot) word=reboot ;; -c) exit 0 ;; esac done
	note "the host ends: $word"
	/run/sandbox/infra sandbox shim $word
	;;
poweroff | halt | reboot)
	note "the host ends: $name"
	/run/sandbox/infra sandbox shim "$name"
	;;
*) say "would have done: $*" ;;
esac
