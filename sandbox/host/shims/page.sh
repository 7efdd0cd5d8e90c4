#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A program that is a web server, as pip's shim puts it into place: a page that says what would be here.
. /run/sandbox/shims/common.sh

address=127.0.0.1
case $name in
tensorboard) port=6006 ;;
jupyter*) port=8888 ;;
*)
	say "would have done: $*"
	exit 0
	;;
esac
case "$*" in
--version | "server list"* | "notebook password"* | *generate-config*)
	echo "the sandbox's stand-in for $name"
	exit 0
	;;
esac
all=$*
while [ $# -gt 0 ]; do
	case $1 in
	--port) port=$2 && shift ;;
	--port=*) port=${1#*=} ;;
	--bind_all) address=0.0.0.0 ;;
	--host | --ip) address=$2 && shift ;;
	--host=* | --ip=*) address=${1#*=} ;;
	esac
	shift
done
case $address in '*' | '') address=0.0.0.0 ;; localhost) address=127.0.0.1 ;; esac
note "a stand-in for $name listens on $address:$port"
exec /run/sandbox/infra sandbox shim serve -foreground "$address" "$port" "$name" "$all"
