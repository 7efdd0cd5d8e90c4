#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: nvidia-smi hl-smi neuron-ls neuron-top nvidia-ctk | only on instance types that have such: the accelerators that the type has, idle
. /run/sandbox/shims/common.sh

# "COUNT MEMORY-MB NAME"
read -r count memory model < /run/sandbox/accelerator || exit 9
note "asked: $*"

value() { # INDEX FIELD
	case $2 in
	index | module_id) echo "$1" ;;
	name | gpu_name) echo "$model" ;;
	uuid | gpu_uuid) printf 'GPU-00000000-0000-0000-0000-%012d\n' "$1" ;;
	count) echo "$count" ;;
	driver_version) echo 550.127.05 ;;
	memory.total) echo "$memory MiB" ;;
	memory.free) echo "$memory MiB" ;;
	memory.used) echo "0 MiB" ;;
	utilization.*) echo "0 %" ;;
	temperature.*) echo 30 ;;
	power.draw) echo "40.00 W" ;;
	*) echo "[N/A]" ;;
	esac
}

query='' format='' list=''
while [ $# -gt 0 ]; do
	case $1 in
	--query-gpu=* | --query-aip=*) query=${1#*=} ;;
	--query-gpu | --query-aip | -Q) query=$2 && shift ;;
	--query-compute-apps=* | --query-accounted-apps=*) exit 0 ;;
	--format=*) format=${1#*=} ;;
	-f | --format) format=$2 && shift ;;
	-L | --list-gpus) list=1 ;;
	-pm | -pl | -c | -ac | -rac | -mig | -e) [ "$name" != nvidia-smi ] || { say "would have done: $*" && exit 0; } ;;
	topo) say "would have shown how they are connected" && exit 0 ;;
	esac
	shift
done
[ -z "$query" ] || case $format in *noheader*) ;; *) echo "$query" | sed 's/,/, /g' ;; esac
i=0
[ -n "$query$list" ] || echo "[sandbox] $count x $model: their names only, nothing computes"
while [ $i -lt "$count" ]; do
	if [ -n "$query" ]; then
		line=''
		for field in $(echo "$query" | tr ',' ' '); do
			one=$(value $i "$field")
			case $format in *nounits*) one=${one%% *} ;; esac
			line="$line${line:+, }$one"
		done
		echo "$line"
	elif [ -n "$list" ]; then
		echo "GPU $i: $model (UUID: $(value $i uuid))"
	else
		printf '|  %2d  %-28s  %3s  |  %10s  |  0%% |\n' $i "$model" 30C "0MiB / ${memory}MiB"
	fi
	i=$((i + 1))
done
