#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs, from Debian's packages, what is missing to build and to test.
set -eu
packages="gcc make pkg-config libcurl4-openssl-dev libssl-dev libxml2-dev libsqlite3-dev libyaml-dev
libmicrohttpd-dev libmpfr-dev libgmp-dev libunistring-dev libcrypt-dev zlib1g-dev libpcre2-dev libcmocka-dev python3 python3-venv git ca-certificates
openssh-client openssh-server curl rsync tmux valgrind"
missing=
for package in $packages; do
	dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
root=
[ "$(id -u)" -eq 0 ] || root=sudo
$root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $root apt-get install -y --no-install-recommends $missing
