#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: python3 | only where the machine has none: -m venv makes an environment with pip's shim in it, -m pip is that shim; nothing else is there
. /run/sandbox/shims/common.sh

case "$1 ${2:-}" in
"-m venv")
	shift 2
	for at; do :; done
	case $at in -* | '') fail 2 "usage: python3 -m venv DIR" ;; esac
	mkdir -p "$at/bin" && echo 'include-system-site-packages = false' > "$at/pyvenv.cfg" || exit 1
	for program in pip pip3; do ln -sf /run/sandbox/shims/pip.sh "$at/bin/$program"; done
	for program in python python3; do ln -sf /run/sandbox/shims/python.sh "$at/bin/$program"; done
	printf 'VIRTUAL_ENV=%s\nexport VIRTUAL_ENV PATH="$VIRTUAL_ENV/bin:$PATH"\n' "$(cd "$at" && pwd)" > "$at/bin/activate"
	note "$at: an environment without python3"
	;;
"-m pip")
	shift 2
	pip="${0%/*}/pip"
	[ ! -e "$pip" ] || exec "$pip" "$@"
	exec pip "$@"
	;;
"--version " | "-V ") fail 127 "there is no python3 on the machine under this sandbox" ;;
*) fail 127 "there is no python3 on the machine under this sandbox: cannot run $*" ;;
esac
