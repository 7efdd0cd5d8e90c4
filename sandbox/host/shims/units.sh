#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: systemctl service | units of /etc/systemd/system are really started, restarted and stopped (ExecStart, Restart, Environment, WorkingDirectory, StandardOutput to a file, else a log in /var/log/units), those that are enabled at each boot, too; of services that systems and packages bring it says what it would have done; timers do not run
# shim: journalctl | prints those logs
# shim: hostnamectl timedatectl loginctl | set the name and the zone, and say the rest
. /run/sandbox/shims/common.sh

state=/run/units logs=/var/log/units
mkdir -p $state $logs

unit_file() {
	for dir in /etc/systemd/system /run/systemd/system; do
		for file in "$dir/$1.service" "$dir/${1%%@*}@.service"; do
			case $file in *@.service) case $1 in *@*) ;; *) continue ;; esac ;; esac
			[ ! -f "$file" ] || {
				echo "$file"
				return 0
			}
		done
	done
	return 1
}

# What comes with systems, images and packages, and has nothing behind it here.
is_known() {
	case $1 in
	ssh | sshd | docker | containerd | cron | crond | nfs* | rpc* | amazon-* | snap* | nvidia-* | habanalabs* | systemd-* | chrony* | ntp*) return 0 ;;
	rsyslog | unattended-upgrades | apt-daily* | dbus | network* | *.target | *.timer | *.socket | *.mount | *.path | multipathd | getty*) return 0 ;;
	esac
	[ -e "/run/sandbox/usr/lib/systemd/system/$1.service" ] || grep -q -x -F -- "$1" /var/lib/sandbox/packages 2> /dev/null
}

# The values of a key in [Service], one a line.
settings() { # FILE KEY
	sed -e ':a' -e '/\\$/N' -e 's/\\\n/ /' -e 'ta' "$1" | sed -n '/^\[Service\]/,/^\[[^S]/s/^'"$2"'[ ]*=[ ]*//p'
}

setting() { settings "$1" "$2" | tail -n 1; }

# A command line of a unit file as one of the shell: without marks before it, with its specifiers.
command_line() { # UNIT LINE
	instance=${1#*@}
	[ "$instance" != "$1" ] || instance=''
	printf '%s' "$2" | sed -e 's/^[-+!@:]*//' -e 's/\$\$/\\$/g' -e "s|%i|$instance|g; s|%I|$instance|g; s|%n|$1.service|g; s|%H|$(hostname)|g; s|%h|$HOME|g; s|%%|%|g"
}

# "5", "5s", "2min", "100ms" as sleep takes them.
seconds() {
	case $1 in
	*ms) echo "$1" | sed 's/ms$//; s/^\(.*\)$/00\1/; s/\(...\)$/.\1/' ;;
	*min) echo "${1%in}" ;;
	*[0-9] | *s) echo "${1%s}" ;;
	*) echo "${1:-0.1}" ;;
	esac
}

# Where its output goes.
log_of() { # UNIT FILE
	case $(setting "$2" StandardOutput) in
	append:* | file:* | truncate:*) setting "$2" StandardOutput | sed 's/^[a-z]*://' ;;
	*) echo "$logs/$1.log" ;;
	esac
}

# In a session of its own, output into its log: starts the command again as the unit says.
live() { # UNIT FILE
	unit=$1 file=$2
	user=$(setting "$file" User)
	if [ -n "$user" ]; then
		home=$(sed -n "s/^$user:.*:\([^:]*\):[^:]*$/\1/p" /etc/passwd)
		export USER="$user" HOME="${home:-/}"
	fi
	folder=$(setting "$file" WorkingDirectory)
	cd "$(printf '%s' "${folder:-/}" | sed "s|^-||; s|^~|$HOME|")" || exit 200
	settings "$file" EnvironmentFile > $state/"$unit".files
	while read -r from; do
		case $from in -*) [ -r "${from#-}" ] || continue ;; esac
		while IFS= read -r line || [ -n "$line" ]; do
			case $line in [A-Za-z_]*=*) value=${line#*=} && value=${value#\"} && export "${line%%=*}=${value%\"}" ;; esac
		done < "${from#-}"
	done < $state/"$unit".files
	eval "set -- $(settings "$file" Environment | tr '\n' ' ')"
	for pair; do export "${pair?}"; done
	settings "$file" ExecStartPre > $state/"$unit".pre
	while IFS= read -r line; do
		sh -c "$(command_line "$unit" "$line")" < /dev/null || case $line in -*) ;; *) exit 1 ;; esac
	done < $state/"$unit".pre
	again=$(setting "$file" Restart)
	wait=$(seconds "$(setting "$file" RestartSec)")
	settings "$file" ExecStart > $state/"$unit".start
	while :; do
		code=0
		while IFS= read -r line; do
			[ -n "$line" ] || continue
			sh -c "exec $(command_line "$unit" "$line")" < /dev/null || code=$?
			case $line in -*) code=0 ;; esac
			[ $code -eq 0 ] || break
		done < $state/"$unit".start
		echo $code > $state/"$unit".code
		case $again in
		always) ;;
		on-failure | on-abnormal | on-abort) [ $code -ne 0 ] || exit 0 ;;
		on-success) [ $code -eq 0 ] || exit $code ;;
		*) exit $code ;;
		esac
		sleep "$wait"
	done
}

is_active() {
	[ -e $state/"$1".done ] && return 0
	pid=$(cat $state/"$1".pid 2> /dev/null) && kill -0 "-$pid" 2> /dev/null
}

start() {
	unit=$1
	if ! file=$(unit_file "$unit"); then
		is_known "$unit" || fail 5 "Failed to start $unit.service: Unit $unit.service not found."
		touch $state/"$unit".done
		say "$unit: would have been started"
		return
	fi
	! is_active "$unit" || return 0
	log=$(log_of "$unit" "$file")
	rm -f $state/"$unit".*
	case $(setting "$file" Type) in
	oneshot | forking)
		(live "$unit" "$file") >> "$log" 2>&1 || {
			echo $? > $state/"$unit".code
			fail 1 "Job for $unit.service failed because the control process exited with error code. See: journalctl -u $unit"
		}
		[ "$(setting "$file" RemainAfterExit)" != yes ] && [ "$(setting "$file" Type)" = oneshot ] || touch $state/"$unit".done
		;;
	*)
		setsid /bin/sh "$0" sandbox-live "$unit" "$file" < /dev/null >> "$log" 2>&1 &
		echo $! > $state/"$unit".pid
		i=0
		until kill -0 "-$!" 2> /dev/null || [ $i -ge 100 ]; do # by its session it is found and stopped
			i=$((i + 1))
			sleep 0.01
		done
		note "$unit: started, process $!"
		;;
	esac
}

stop() {
	unit=$1
	pid=$(cat $state/"$unit".pid 2> /dev/null)
	if file=$(unit_file "$unit"); then
		settings "$file" ExecStop | while IFS= read -r line; do
			MAINPID=$pid sh -c "$(command_line "$unit" "$line")" < /dev/null >> $logs/"$unit".log 2>&1
		done
	else
		is_known "$unit" || fail 5 "Failed to stop $unit.service: Unit $unit.service not loaded."
		say "$unit: would have been stopped"
	fi
	if [ -n "$pid" ] && kill -TERM "-$pid" 2> /dev/null; then
		i=0
		while kill -0 "-$pid" 2> /dev/null; do
			i=$((i + 1))
			[ $i -lt 100 ] || kill -KILL "-$pid"
			sleep 0.05
		done
	fi
	rm -f $state/"$unit".pid $state/"$unit".done $state/"$unit".code
}

enable() {
	file=$(unit_file "$1") || {
		is_known "$1" || fail 1 "Failed to enable unit: Unit file $1.service does not exist."
		say "$1: would have been enabled"
		return
	}
	for target in $(sed -n 's/^WantedBy[ ]*=[ ]*//p' "$file"); do
		mkdir -p "/etc/systemd/system/$target.wants"
		ln -sf "$file" "/etc/systemd/system/$target.wants/$1.service"
		echo "Created symlink /etc/systemd/system/$target.wants/$1.service -> $file." >&2
	done
}

word_of() { # active, failed or inactive
	if is_active "$1"; then
		echo active
	elif [ "$(cat $state/"$1".code 2> /dev/null || echo 0)" != 0 ]; then
		echo failed
	elif [ "$1" = ssh ] || [ "$1" = sshd ]; then
		echo active
	else
		echo inactive
	fi
}

show_status() {
	unit_file "$1" > /dev/null || is_known "$1" || fail 4 "Unit $1.service could not be found."
	word=$(word_of "$1")
	printf '* %s.service\n     Loaded: %s\n     Active: %s\n' "$1" "$(unit_file "$1" || echo 'by the sandbox, in name only')" "$word"
	tail -n 10 $logs/"$1".log 2> /dev/null
	[ "$word" = active ]
}

case $name in
hostnamectl)
	case ${1:-} in
	set-hostname | hostname) hostname "$2" && echo "$2" > /etc/hostname ;;
	*) hostname ;;
	esac
	exit
	;;
timedatectl)
	case ${1:-} in
	set-timezone) [ -e "/usr/share/zoneinfo/$2" ] && ln -sf "/usr/share/zoneinfo/$2" /etc/localtime && echo "$2" > /etc/timezone ;;
	*) say "would have done: $*" ;;
	esac
	exit
	;;
loginctl)
	say "would have done: $*"
	exit
	;;
journalctl)
	unit='' lines='' follow=''
	while [ $# -gt 0 ]; do
		case $1 in
		-fu | -uf) follow=-f unit=$2 && shift ;;
		-u | --unit) unit=$2 && shift ;;
		-u*) unit=${1#-u} ;;
		--unit=*) unit=${1#*=} ;;
		-n | --lines) lines=$2 && shift ;;
		-n*) lines=${1#-n} ;;
		-f | --follow) follow=-f ;;
		esac
		shift
	done
	log=$logs/${unit%.service}.log
	[ -n "$unit" ] || log=/var/log/cloud-init-output.log
	[ -e "$log" ] || fail 1 "-- No entries --"
	[ -z "$follow$lines" ] || exec tail $follow -n "${lines:-10}" "$log"
	exec cat "$log"
	;;
service)
	[ $# -ge 2 ] || fail 1 "Usage: service NAME ACTION"
	set -- "$2" "$1"
	;;
esac

now='' verb='' units='' value='' quiet='' last=0
if [ "${1:-}" = sandbox-live ]; then
	shift
	live "$@"
	exit
fi
while [ $# -gt 0 ]; do
	case $1 in
	--now) now=1 ;;
	--value) value=1 ;;
	-q | --quiet) quiet=1 ;;
	-p | -n | -t | --property | --lines | --type | --state) shift ;;
	-*) ;;
	*) if [ -z "$verb" ]; then verb=$1; else units="$units ${1%.service}"; fi ;;
	esac
	[ $# -eq 0 ] || shift
done
case ${verb:-list-units} in
daemon-reload | daemon-reexec | reset-failed | set-default | mask | unmask | preset) exit 0 ;;
sandbox-boot)
	for file in /etc/systemd/system/*.wants/*.service; do
		[ ! -e "$file" ] || { unit=${file##*/} && (start "${unit%.service}"); }
	done
	exit 0
	;;
list-units | list-unit-files | list-timers)
	for file in /etc/systemd/system/*.service; do
		[ ! -e "$file" ] || { unit=${file##*/} && echo "$unit $(word_of "${unit%.service}")"; }
	done
	exit 0
	;;
is-system-running)
	echo running
	exit 0
	;;
poweroff | halt | reboot) exec "$verb" ;;
esac
[ -n "$units" ] || fail 1 "Too few arguments."
for unit in $units; do
	code=0
	case $verb in
	start) start "$unit" ;;
	stop | kill) stop "$unit" ;;
	restart | try-restart | force-reload) stop "$unit" && start "$unit" ;;
	reload | reload-or-restart)
		if unit_file "$unit" > /dev/null; then stop "$unit" && start "$unit"; else say "$unit: would have been reloaded"; fi
		;;
	enable | reenable) enable "$unit" && { [ -z "$now" ] || start "$unit"; } ;;
	disable)
		rm -f /etc/systemd/system/*.wants/"$unit".service
		[ -z "$now" ] || stop "$unit"
		;;
	is-active | is-failed)
		word=$(word_of "$unit")
		[ -n "$quiet" ] || echo "$word"
		[ "$word" = "${verb#is-}" ] || code=3
		;;
	is-enabled)
		word=disabled
		for file in /etc/systemd/system/*.wants/"$unit".service; do [ ! -e "$file" ] || word=enabled; done
		[ -n "$quiet" ] || echo $word
		[ $word = enabled ] || code=1
		;;
	status) show_status "$unit" || code=3 ;;
	cat) cat "$(unit_file "$unit")" || code=1 ;;
	show)
		[ -n "$value" ] || printf 'ActiveState='
		word_of "$unit"
		;;
	*) fail 1 "Unknown command verb $verb." ;;
	esac || code=$?
	[ $code -eq 0 ] || last=$code
done
exit $last
