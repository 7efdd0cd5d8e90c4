#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: git | clone of what lies on the internet makes a repository with a note in it, which fetch and pull leave as it is; all else is the machine's own git
. /run/sandbox/shims/common.sh

verb='' folder=''
for word in "$@"; do
	case $word in -*) ;; *)
		if [ -d "$word" ] && [ -z "$verb" ]; then folder=$word; else verb=$word && break; fi
		;;
	esac
done
case $verb in
clone)
	url='' to='' skip=''
	for word in "$@"; do
		if [ -n "$skip" ]; then
			skip=''
			continue
		fi
		case $word in
		--depth | --branch | -b | -c | --config | -o | --origin | --reference | -j | --jobs | --template) skip=1 ;;
		-* | clone) ;;
		*) if [ -z "$url" ]; then url=$word; else to=$word; fi ;;
		esac
	done
	case $url in
	http://* | https://* | ssh://* | git://* | *@*:*) ;;
	*) real "$@" ;;
	esac
	case $url in *://*) host=$url ;; *) host=${url#*@} ;; esac
	! is_inside "$host" || real "$@"
	to=${to:-$(basename "$url" .git)}
	[ ! -e "$to" ] || [ -z "$(ls -A "$to")" ] || fail 128 "fatal: destination path '$to' already exists and is not an empty directory."
	mkdir -p "$to" && cd "$to" || exit 128
	printf '# %s\n\nThis repository is empty: the sandbox has no way to %s\n' "$(basename "$url" .git)" "$url" > README.md
	if machine_has git; then
		git=/run/sandbox/usr/bin/git
		$git -c init.defaultBranch=main init -q . && $git add README.md &&
			$git -c user.name=sandbox -c user.email=sandbox@localhost commit -q -m "Stand-in for $url" && $git remote add origin "$url"
		$git config sandbox.standin true
	else
		mkdir -p .git && printf '[sandbox]\n\tstandin = true\n' > .git/config
	fi
	say "$to: an empty repository stands for $url" >&2
	;;
fetch | pull | push | submodule)
	! machine_has git || [ "$(cd "${folder:-.}" && /run/sandbox/usr/bin/git config --get sandbox.standin)" = true ] || real "$@"
	say "would have done: $*" >&2
	;;
*) real "$@" ;;
esac
