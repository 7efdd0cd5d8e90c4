#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes BUILD/infra_VERSION_ARCH.deb of what `make install` installs. The libraries it depends on, and since which
# version, are asked from the packages of this machine, so the package fits the Debian it was made on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${BUILD:-build}
make=${MAKE:-make}

version=$("$build/infra" version | sed -n '1s/.*v\([0-9]\)/\1/p')
arch=$(dpkg --print-architecture)
tree=$build/deb
package=$build/infra_${version}_$arch.deb

rm -rf "$tree"
"$make" --no-print-directory install DESTDIR="$tree" prefix=/usr BUILD="$build"
strip --strip-unneeded "$tree/usr/bin/infra"
mv "$tree/usr/share/doc/infra/LICENSE" "$tree/usr/share/doc/infra/copyright"

# dpkg-shlibdeps reads debian/control and writes to standard output.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/debian"
printf 'Source: infra\n\nPackage: infra\nArchitecture: any\n' >"$work/debian/control"
program=$(realpath "$tree/usr/bin/infra")
libraries=$(cd "$work" && dpkg-shlibdeps -O "$program" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$libraries" ] || { echo "deb.sh: dpkg-shlibdeps found no libraries" >&2; exit 1; }

mkdir "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: infra
Version: $version
Architecture: $arch
Section: admin
Priority: optional
Maintainer: $(git log -1 --format='%an <%ae>' 2>/dev/null || echo 'infra maintainers <infra@localhost>')
Installed-Size: $(du -sk "$tree/usr" | cut -f1)
Depends: $libraries, ca-certificates
Recommends: openssh-client, rsync, tmux
Description: declares, builds and removes the AWS machinery for training models
 One program that reads plan files in Terraform's language, makes AWS look like
 them, records each wish before it is sent, and removes what it made. The AWS
 resource types are part of the program; nothing is downloaded.
CONTROL
find "$tree" -type d -exec chmod 755 {} +
dpkg-deb --root-owner-group --build "$tree" "$package" >/dev/null
rm -rf "$tree"
echo "$package"
