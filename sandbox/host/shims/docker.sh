#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: docker docker-compose podman nvidia-docker | run -d starts a small HTTP server on each port that -p names, which says what image would be there (Grafana's /api/health, too); run without -d, exec, build, pull and compose say what they would have done; ps, logs, inspect, start, stop, rm know those servers
. /run/sandbox/shims/common.sh

all=/var/lib/docker/sandbox
mkdir -p $all

serving() {
	pid=$(head -n 1 "$all/$1/pid" 2> /dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2> /dev/null
}

find() { # NAME or the beginning of an id
	[ -d "$all/$1" ] && echo "$1" && return
	for file in $all/*/id; do
		case $(cat "$file" 2> /dev/null) in "$1"*) basename "${file%/id}" && return ;; esac
	done
	echo "Error response from daemon: No such container: $1" >&2
	return 1
}

# [ADDRESS:]PORT:PORT[/tcp], one a line in the file.
begin() { # NAME
	: > "$all/$1/log"
	: > "$all/$1/pid"
	while read -r port; do
		inner=${port##*:} && inner=${inner%/*}
		outer=${port%:*} address=0.0.0.0
		case $outer in *:*) address=${outer%:*} && outer=${outer##*:} ;; esac
		[ -n "$outer" ] || outer=$inner
		/run/sandbox/infra sandbox shim serve "$address" "$outer" "$(cat "$all/$1/image")" "container $1" >> "$all/$1/pid" 2>> "$all/$1/log" || {
			end "$1"
			echo "docker: Error response from daemon: driver failed programming external connectivity: $(tail -n 1 "$all/$1/log")" >&2
			return 125
		}
		note "$1: a stand-in for $(cat "$all/$1/image") listens on $address:$outer"
	done < "$all/$1/ports"
	# without a port there is nothing to reach, but it counts as running
	[ -s "$all/$1/ports" ] || {
		setsid sleep infinity < /dev/null > /dev/null 2>&1 &
		echo $! > "$all/$1/pid"
	}
	rm -f "$all/$1/stopped"
}

end() {
	xargs -r kill 2> /dev/null < "$all/$1/pid"
	rm -f "$all/$1/pid"
}

run() {
	detached='' terminal='' container='' restart=no hold='' ports=''
	while [ $# -gt 0 ]; do
		case $1 in
		-d | --detach | -dit | -itd | -td | -id) detached=1 ;;
		--name) container=$2 && shift ;;
		--name=*) container=${1#*=} ;;
		-p | --publish) ports="$ports $2" && shift ;;
		-p?*) ports="$ports ${1#-p}" ;;
		--publish=*) ports="$ports ${1#*=}" ;;
		--restart) restart=$2 && shift ;;
		--restart=*) restart=${1#*=} ;;
		--network=host | --net=host) hold=host ;;
		--network | --net)
			[ "$2" != host ] || hold=host
			shift
			;;
		-t | -it | -ti | --tty) terminal=1 ;;
		-i | --interactive | --rm | --privileged | --init | -P | --read-only | --no-healthcheck | -q) ;;
		--detach=*) detached=1 ;;
		-*=*) ;;
		-[vewuhlmac] | --volume | --env | --env-file | --gpus | --entrypoint | --workdir | --user | --shm-size | --ulimit | --hostname | --label | \
			--mount | --device | --cpus | --memory | --add-host | --log-driver | --log-opt | --pull | --platform | --runtime | --ipc | --pid | \
			--cap-add | --cap-drop | --security-opt | --ip | --link | --tmpfs | --stop-signal | --stop-timeout | --network-alias) shift ;;
		-[vewuhlma]?*) ;;
		-*) ;;
		*) break ;;
		esac
		shift
	done
	image=${1:-}
	[ -n "$image" ] || fail 125 '"docker run" requires at least 1 argument.'
	shift
	if [ -n "$hold" ] && [ -z "$ports" ]; then # the image's own ports
		case $image in
		*grafana*) ports=3000:3000 ;;
		*prometheus*) ports=9090:9090 ;;
		*tensorboard*) ports=6006:6006 ;;
		*jupyter* | *notebook*) ports=8888:8888 ;;
		esac
	fi
	id=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
	if [ -z "$detached" ] && [ "$verb" = run ]; then
		[ -z "$terminal" ] || [ -t 0 ] || fail 1 'the input device is not a TTY'
		[ -n "$ports" ] || {
			say "would have run the image $image${1:+: $*}"
			return 0
		}
	fi
	container=${container:-sandbox_$(echo "$id" | cut -c 1-8)}
	[ ! -d "$all/$container" ] || {
		echo "docker: Error response from daemon: Conflict. The container name \"/$container\" is already in use. You have to remove (or rename) that container to be able to reuse that name." >&2
		return 125
	}
	mkdir "$all/$container"
	echo "$id" > "$all/$container/id"
	echo "$image" > "$all/$container/image"
	echo "$restart" > "$all/$container/restart"
	for port in $ports; do echo "$port"; done > "$all/$container/ports"
	[ "$verb" = create ] || begin "$container" || return
	if [ -z "$detached" ] && [ "$verb" = run ]; then # in the foreground: until somebody ends it
		say "$image: its stand-in runs"
		while serving "$container"; do sleep 0.2; done
		return 0
	fi
	echo "$id"
}

list() {
	every='' quiet='' format=''
	while [ $# -gt 0 ]; do
		case $1 in
		-a | --all) every=1 ;;
		-q | --quiet) quiet=1 ;;
		-aq | -qa) every=1 quiet=1 ;;
		--format) format=$2 && shift ;;
		--format=*) format=${1#*=} ;;
		-f | --filter | -n) shift ;;
		esac
		shift
	done
	[ -n "$quiet$format" ] || printf '%-14s %-32s %-10s %-24s %s\n' 'CONTAINER ID' IMAGE STATUS PORTS NAMES
	for dir in "$all"/*/; do
		container=$(basename "$dir")
		[ -e "$dir/id" ] || continue
		word=Exited
		! serving "$container" || word=Up
		[ $word = Up ] || [ -n "$every" ] || continue
		short=$(cut -c 1-12 "$dir/id")
		if [ -n "$format" ]; then
			echo "$format" | sed "s|{{ *\.Names *}}|$container|g; s|{{ *\.ID *}}|$short|g; s|{{ *\.Image *}}|$(cat "$dir/image")|g; s|{{ *\.Status *}}|$word|g"
		elif [ -n "$quiet" ]; then
			echo "$short"
		else
			printf '%-14s %-32s %-10s %-24s %s\n' "$short" "$(cat "$dir/image")" $word "$(tr '\n' ' ' < "$dir/ports")" "$container"
		fi
	done
}

inspect() {
	format=''
	while [ $# -gt 0 ]; do
		case $1 in
		-f | --format) format=$2 && shift ;;
		--format=*) format=${1#*=} ;;
		-*) ;;
		*)
			container=$(find "$1") || return 1
			running=false
			! serving "$container" || running=true
			if [ -n "$format" ]; then
				status=exited
				[ $running = false ] || status=running
				echo "$format" | sed "s|{{ *\.State\.Running *}}|$running|g; s|{{ *\.State\.Status *}}|$status|g; s|{{ *\.Name *}}|/$container|g; s|{{ *\.Config\.Image *}}|$(cat "$all/$container/image")|g; s|{{ *\.Id *}}|$(cat "$all/$container/id")|g"
			else
				printf '[{"Id": "%s", "Name": "/%s", "Config": {"Image": "%s"}, "State": {"Running": %s}}]\n' \
					"$(cat "$all/$container/id")" "$container" "$(cat "$all/$container/image")" $running
			fi
			;;
		esac
		shift
	done
}

while [ $# -gt 0 ]; do # options of docker itself
	case $1 in
	-H | --host | -l | --log-level | --context | --config) shift 2 ;;
	-v | --version)
		echo "Docker version 0 (the sandbox's stand-in)"
		exit 0
		;;
	-*) shift ;;
	*) break ;;
	esac
done
[ "$name" != docker-compose ] || set -- compose "$@"
verb=${1:-help}
[ $# -eq 0 ] || shift
[ "$verb" != container ] || { verb=${1:-ls} && [ $# -eq 0 ] || shift; }
case $verb in
run | create) run "$@" ;;
ps | ls) list "$@" ;;
inspect) inspect "$@" ;;
sandbox-boot)
	rm -f $all/*/pid
	for dir in "$all"/*/; do
		[ -e "$dir/id" ] || continue
		case $(cat "$dir/restart") in
		always | unless-stopped) [ -e "$dir/stopped" ] || begin "$(basename "$dir")" ;;
		esac
	done
	;;
rm | stop | kill | start | restart | logs | wait | port)
	force='' code=0
	while [ $# -gt 0 ]; do
		case $1 in
		-f | --force) force=1 ;;
		-t | --time | -n | --tail | -s | --signal | --since) shift ;;
		-*) ;;
		*)
			if ! container=$(find "$1"); then
				code=1
				shift
				continue
			fi
			case $verb in
			rm)
				if serving "$container" && [ -z "$force" ]; then
					echo "Error response from daemon: You cannot remove a running container $1. Stop the container before attempting removal or force remove" >&2
					code=1
				else
					end "$container"
					rm -rf "${all:?}/$container"
					echo "$1"
				fi
				;;
			stop | kill) end "$container" && touch "$all/$container/stopped" && echo "$1" ;;
			start) serving "$container" || begin "$container" && echo "$1" ;;
			restart) end "$container" && begin "$container" && echo "$1" ;;
			logs) cat "$all/$container/log" ;;
			port) sed 's|\(.*\):\([0-9]*\)|\2/tcp -> 0.0.0.0:\1|' "$all/$container/ports" ;;
			wait) echo 0 ;;
			esac
			;;
		esac
		shift
	done
	exit $code
	;;
exec) say "would have run in the container: $*" ;;
images) [ "${1:-}" = -q ] || echo "REPOSITORY TAG IMAGE ID CREATED SIZE" ;;
version | info) echo "Docker version 0 (the sandbox's stand-in): its containers are small HTTP servers" ;;
login) [ -t 0 ] || cat > /dev/null && echo "Login Succeeded" && note "no login took place" ;;
help) echo "docker is the sandbox's stand-in: run, ps, logs, inspect, start, stop, restart, rm" ;;
*) say "would have done: $verb $*" ;;
esac
