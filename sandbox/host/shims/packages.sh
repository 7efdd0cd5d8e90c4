#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: apt apt-get apt-cache apt-mark apt-key add-apt-repository dpkg dpkg-query debconf-set-selections | package lists are not read, packages count as installed: a host has the programs of its machine, and whether those of a package are among them is said
# shim: yum dnf rpm amazon-linux-extras yum-config-manager | the same on Amazon's images
# shim: snap | the same
. /run/sandbox/shims/common.sh

known=/var/lib/sandbox/packages
mkdir -p /var/lib/sandbox /var/log/apt
export DEBIAN_FRONTEND=noninteractive

# By what a package is known where its name is not its program's.
program_of() {
	case $1 in
	nfs-common | nfs-utils) echo mount.nfs4 ;;
	amazon-efs-utils) echo mount.efs ;;
	docker.io | docker-ce | docker-ce-cli | moby-engine) echo docker ;;
	python3-venv | python3-pip | python3.*-venv | python3-dev) echo python3 ;;
	awscli) echo aws ;;
	openmpi-bin) echo mpirun ;;
	build-essential) echo cc ;;
	openssh-server) echo sshd ;;
	xfsprogs) echo mkfs.xfs ;;
	*) echo "$1" ;;
	esac
}

# Of some there is a shim that needs the machine's own.
has_program() {
	case $1 in
	curl | wget | git | file | gpg | python3) machine_has "$1" ;;
	*) command -v "$1" > /dev/null ;;
	esac
}

take() { # a package counts as installed
	program=$(program_of "$1")
	grep -q -x -F -- "$1" $known 2> /dev/null || echo "$1" >> $known
	if has_program "$program"; then
		say "$1: nothing to do, the host has $program"
	else
		say "$1: counts as installed, but nothing of it is here"
	fi
	case $1 in
	*cloudwatch-agent*)
		mkdir -p /opt/aws/amazon-cloudwatch-agent/bin
		ln -sf /run/sandbox/shims/agent.sh /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl
		;;
	amazon-ssm-agent* | *tensorboard*) : ;;
	esac
}

# What a file is the stand-in for (curl's and wget's are), else its name without version.
package_of() {
	[ -r "$1" ] || fail 1 "cannot access archive '$1': No such file or directory"
	url=$(head -n 2 "$1" | tr -d '\0' | sed -n 's/^# sandbox stand-in for //p')
	file=${url:-$1}
	file=${file##*/}
	file=${file%%_*}
	file=${file%.deb}
	echo "${file%.rpm}"
}

take_all() {
	for package in "$@"; do
		case $package in
		*.deb | *.rpm)
			case $package in
			*://*) take "$(basename "${package%.*}")" ;;
			*) package=$(package_of "$package") && take "$package" || exit 1 ;;
			esac
			;;
		*) take "${package%%=*}" ;;
		esac
	done
	printf '\nStart-Date: %s\nCommandline: %s\nSandbox: nothing was fetched\nEnd-Date: %s\n' "$(date '+%F  %T')" "$name install $*" \
		"$(date '+%F  %T')" >> /var/log/apt/history.log
}

has_all() {
	for package in "$@"; do
		grep -q -x -F -- "$package" $known 2> /dev/null || {
			echo "package $package is not installed" >&2
			return 1
		}
		echo "$package"
	done
}

words() { # the arguments that are no options, one a line
	while [ $# -gt 0 ]; do
		case $1 in
		-o | -t | -c | --channel | --target-release | --option | --enablerepo | --disablerepo) shift ;;
		-*) ;;
		*) echo "$1" ;;
		esac
		shift
	done
}

case $name in
dpkg | dpkg-query | rpm)
	case "$*" in
	*--print-architecture*)
		uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/'
		exit
		;;
	esac
	verb=${1:-}
	for word in "$@"; do
		case $word in
		-i | --install | -U* | -i?* | -F* | --unpack) verb=install ;;
		-s | -l | -L | -W | -q* | --status | --list | --listfiles) verb=query ;;
		esac
	done
	# shellcheck disable=SC2046
	set -- $(words "$@")
	case $verb in
	install) take_all "$@" ;;
	query) has_all "$@" ;;
	*) say "would have done: $verb $*" ;;
	esac
	exit
	;;
apt-key | add-apt-repository | debconf-set-selections | yum-config-manager)
	[ -t 0 ] || [ "$name" != apt-key ] || cat > /dev/null
	say "would have done: $*"
	exit 0
	;;
esac

# shellcheck disable=SC2046
set -- $(words "$@")
verb=${1:-help}
[ $# -eq 0 ] || shift
case $verb in
install | reinstall | localinstall | groupinstall | enable | build-dep)
	[ $# -gt 0 ] || exit 0
	[ "$name" != amazon-linux-extras ] || verb="$verb from the extras"
	take_all "$@"
	;;
update | makecache | check-update | refresh) say "there are no package lists to read here" ;;
upgrade | dist-upgrade | full-upgrade | autoremove | clean | autoclean | remove | purge | erase | hold | unhold | wait | set | disable)
	say "would have done: $verb $*"
	;;
policy | show | showpkg | search | info | list | repolist) [ $# -eq 0 ] || has_all "$@" ;;
*) say "would have done: $verb $*" ;;
esac
