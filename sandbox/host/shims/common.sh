# SPDX-License-Identifier: Apache-2.0
# What shims share. What a shim leaves undone it says, on its output and in /var/log/sandbox-shims.log.
name=${0##*/}

note() { echo "$(date '+%F %T') $name: $*" >> /var/log/sandbox-shims.log; }

say() {
	note "$*"
	echo "[sandbox] $name: $*"
}

fail() { # CODE TEXT...
	code=$1
	shift
	note "refused: $*"
	echo "$name: $*" >&2
	exit "$code"
}

# The machine's own program of this name.
machine_has() { [ -x /run/sandbox/usr/bin/"$1" ] || [ -x /run/sandbox/usr/sbin/"$1" ] || [ -x /run/sandbox/usr/local/bin/"$1" ]; }

real() {
	for dir in bin sbin local/bin; do
		[ ! -x /run/sandbox/usr/$dir/"$name" ] || exec /run/sandbox/usr/$dir/"$name" "$@"
	done
	fail 127 "the machine under this sandbox has no such program"
}

# Whether a host of that name, or of a URL, is one that can be reached from here.
is_inside() {
	host=${1#*://}
	host=${host%%/*}
	host=${host##*@}
	host=${host%%:*}
	case $host in
	localhost | 127.* | 10.* | 169.254.* | 192.168.* | 192.0.2.* | 198.51.100.* | 203.0.113.*) return 0 ;;
	172.1[6-9].* | 172.2[0-9].* | 172.3[01].*) return 0 ;;
	esac
	grep -v '^#' /etc/hosts 2> /dev/null | tr '\t' ' ' | grep -q -F -- " $host"
}

# What stands for a file of the internet: by its name an archive with a note in it, else a note, which can be run.
stand_in() { # NAME WHERE-FROM
	case $1 in
	*.tar.gz | *.tgz | *.tar | *.tar.xz | *.txz | *.tar.bz2 | *.tbz2)
		pack=$(mktemp -d) inner=$(basename "$1" | sed 's/\.tar\.[a-z0-9]*$//; s/\.t[a-z0-9]*$//')
		mkdir "$pack/$inner" && echo "This stands for $2" > "$pack/$inner/README.sandbox"
		case $1 in
		*.tar) tar -C "$pack" -cf - "$inner" ;;
		*xz) tar -C "$pack" -cf - "$inner" | xz -c ;;
		*bz2) tar -C "$pack" -cf - "$inner" | bzip2 -c ;;
		*) tar -C "$pack" -czf - "$inner" ;;
		esac
		rm -rf "$pack"
		;;
	*.gz) echo "This stands for $2" | gzip -c ;;
	*.xz) echo "This stands for $2" | xz -c ;;
	*.bz2) echo "This stands for $2" | bzip2 -c ;;
	*.zip) printf 'PK\005\006\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000' ;;
	*.json) printf '{"sandbox": "stand-in for %s"}\n' "$2" ;;
	*.list | *.repo | *.yaml | *.yml | *.conf | *.cfg | *.txt) printf '# sandbox stand-in for %s\n' "$2" ;;
	*) printf '#!/bin/sh\n# sandbox stand-in for %s\necho "[sandbox] this is the stand-in for %s: it does nothing"\n' "$2" "$2" ;;
	esac
}
