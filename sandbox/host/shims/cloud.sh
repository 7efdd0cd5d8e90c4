#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: cloud-init | status [--wait] tells how far the first boot is; the rest says what it would have done
# shim: cloud-init-per | runs a command once, once for an instance, or always
# shim: ec2-metadata ec2metadata | the metadata service's answers by the options of Amazon's script and of Ubuntu's
. /run/sandbox/shims/common.sh

done=/var/lib/cloud/instance/boot-finished
errors=/var/lib/cloud/instance/sandbox-errors

if [ "$name" = cloud-init-per ]; then
	[ $# -ge 3 ] || fail 1 "Usage: cloud-init-per FREQUENCY NAME COMMAND"
	mark=/var/lib/cloud/instance/sem/bootper.$2.$1 often=$1
	shift 2
	[ "$often" = always ] || [ ! -e "$mark" ] || exit 0
	mkdir -p "${mark%/*}"
	"$@" || exit
	: > "$mark"
	exit 0
fi

metadata() {
	token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
	curl -fsS -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/$1"
}

if [ "$name" = ec2-metadata ] || [ "$name" = ec2metadata ]; then
	quiet=''
	[ "$name" = ec2-metadata ] || quiet=1 # Ubuntu's says the value alone
	for word; do
		case $word in
		-q | --quiet) quiet=1 && continue ;;
		-i | --instance-id) path=meta-data/instance-id label=instance-id ;;
		-t | --instance-type) path=meta-data/instance-type label=instance-type ;;
		-a | --ami-id) path=meta-data/ami-id label=ami-id ;;
		-h | --local-hostname) path=meta-data/local-hostname label=local-hostname ;;
		-o | --local-ipv4) path=meta-data/local-ipv4 label=local-ipv4 ;;
		-p | --public-hostname) path=meta-data/public-hostname label=public-hostname ;;
		-v | --public-ipv4) path=meta-data/public-ipv4 label=public-ipv4 ;;
		-z | --availability-zone) path=meta-data/placement/availability-zone label=placement ;;
		-R | --region) path=meta-data/placement/region label=region ;;
		-d | --user-data) path=user-data label=user-data ;;
		*) fail 1 "there is no option $word here" ;;
		esac
		[ -n "$quiet" ] || printf '%s: ' "$label"
		metadata "$path" && echo
	done
	exit
fi
case ${1:-status} in
status)
	case "$*" in *--wait*) while [ ! -e $done ]; do sleep 0.05; done ;; esac
	if [ -s $errors ]; then
		echo 'status: error'
		exit 1
	elif [ -e $done ]; then
		echo 'status: done'
	else
		echo 'status: running'
	fi
	;;
query)
	case ${2:-} in
	userdata) cat /var/lib/cloud/instance/user-data.txt ;;
	instance_id | instance-id | v1.instance_id) metadata meta-data/instance-id && echo ;;
	region | v1.region) metadata meta-data/placement/region && echo ;;
	*) fail 1 "instance-data is not here but for userdata, instance_id and region" ;;
	esac
	;;
--version) echo "cloud-init (the sandbox's stand-in)" ;;
*) say "would have done: $*" ;;
esac
