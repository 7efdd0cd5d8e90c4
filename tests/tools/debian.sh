#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds and tests the tree as a fresh Debian 12 would: a minimal system by debootstrap, this commit in it, then
# `make deps && make && make demo && make check`. Needs root and Debian's mirror. The system is kept for the next time unless --fresh.
#
#     tests/tools/debian.sh [--fresh] [--dir DIR] [T=unit]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dir=build/debian
fresh=
tests=T=unit
while [ $# -gt 0 ]; do
	case $1 in
	--fresh) fresh=1 ;;
	--dir) dir=$2; shift ;;
	T=*) tests=$1 ;;
	*) sed -n 's/^# \{0,1\}//p' "$0" >&2; exit 3 ;;
	esac
	shift
done
[ "$(id -u)" -eq 0 ] || { echo "debian.sh: needs root, for debootstrap and chroot" >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -y --no-install-recommends debootstrap

step() {
	local start=$SECONDS
	echo "== $*" >&2
	"$@"
	echo "== $((SECONDS - start)) s" >&2
}

[ -z "$fresh" ] || rm -rf "$dir"
if [ ! -e "$dir/complete" ]; then
	rm -rf "$dir"
	mkdir -p "$dir"
	step debootstrap --variant=minbase bookworm "$dir" "${MIRROR:-http://deb.debian.org/debian}"
	touch "$dir/complete"
fi
# Inside, names must resolve as they do here.
cp /etc/resolv.conf /etc/hosts "$dir/etc/"
rm -rf "$dir/src"
mkdir "$dir/src"
git archive HEAD | tar -x -C "$dir/src"

# Mounts and processes of the inner system vanish with these namespaces. It is entered by pivot_root, as a container
# is: after chroot the kernel allows no user namespaces, which the sandbox's hosts are made of.
inside() {
	unshare --mount --pid --fork -- bash -c '
		set -e
		mount --bind "$1" "$1"
		cd "$1"
		shift
		mount --rbind /dev dev
		mount --rbind /sys sys
		mkdir -p old
		pivot_root . old
		mount -t proc proc /proc
		umount --lazy /old
		exec /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 CI=true "$@"
	' - "$dir" "$@"
}

# The first thing to be missing is make itself.
step inside sh -c 'command -v make >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends make; }'
for target in deps all demo; do
	step inside make -C /src "$target"
done
step inside make -C /src check "$tests"
echo "== $(inside sh -c 'du -h /src/build/infra | cut -f1') program, stripped $(inside sh -c 'strip -o /tmp/infra /src/build/infra && du -h /tmp/infra | cut -f1')" >&2
inside /src/build/infra version
