#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: pip pip3 | install takes note of packages and puts stand-ins of known programs into place (tensorboard, jupyter, wandb); in virtual environments, too
. /run/sandbox/shims/common.sh

# Where the environment is, of which we are a part.
at=/usr/local
case $0 in */bin/pip*) [ ! -e "${0%/bin/*}/pyvenv.cfg" ] || at=${0%/bin/*} ;; esac
known=$at/share/sandbox-packages

program() { # NAME: a stand-in beside pip
	mkdir -p "$at/bin"
	ln -sf /run/sandbox/shims/page.sh "$at/bin/$1"
}

take() {
	package=${1%%[<>=!~[; ]*}
	mkdir -p "${known%/*}"
	version=${1##*==}
	[ "$version" != "$1" ] || version=0
	grep -q "^$package==" "$known" 2> /dev/null || echo "$package==$version" >> "$known"
	say "$1: counts as installed, but nothing of it is here"
	case $package in
	tensorboard | tensorflow | tensorflow-cpu) program tensorboard ;;
	jupyter | jupyterlab | notebook) program jupyter && program jupyter-lab && program jupyter-notebook ;;
	wandb) program wandb ;;
	esac
}

verb=''
while [ $# -gt 0 ]; do
	case $1 in
	-r | --requirement)
		[ -r "$2" ] || fail 1 "Could not open requirements file: $2"
		sed 's/#.*//; s/^[ \t]*//; /^$/d; /^-/d' "$2" > /tmp/.requirements.$$
		while read -r line; do take "$line"; done < /tmp/.requirements.$$
		rm -f /tmp/.requirements.$$
		shift
		;;
	-i | --index-url | --extra-index-url | -t | --target | -c | --constraint | -f | --find-links | --timeout | --retries | --prefix) shift ;;
	--version | -V)
		echo "pip 0 from the sandbox"
		exit 0
		;;
	-*) ;;
	*)
		if [ -z "$verb" ]; then
			verb=$1
		elif [ "$verb" = install ]; then
			take "$1"
		elif [ "$verb" = show ]; then
			grep "^$1==" "$known" || fail 1 "WARNING: Package(s) not found: $1"
		fi
		;;
	esac
	shift
done
case $verb in
install | show) ;;
freeze | list) cat "$known" 2> /dev/null || exit 0 ;;
*) say "would have done: $verb" ;;
esac
