#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A whole life of examples/msls in a sandbox cloud of its own: planned, applied, entered by ssh, looked at through a
# tunnel, destroyed. No account, no money, no root; nothing is left. FULL=1 shows whole outputs.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$(cd "$top" && cd "${BUILD:-build}" && pwd):$PATH
started=$(date +%s)

say() {
	printf '%s\n' "$@"
}
title() {
	printf '\n== %s ' "$1"
	printf '%*s\n' $((90 - ${#1})) '' | tr ' ' '='
}
# HEAD TAIL COMMAND...: prints a command and what it says, of long outputs the first and the last lines.
show() {
	head=$1 tail=$2
	shift 2
	printf '\n$ %s\n\n' "$*"
	code=0
	"$@" > "$work/output" 2>&1 || code=$?
	if [ $code -ne 0 ]; then
		cat "$work/output"
		say "" "That ended with exit code $code, which is a mistake in infra."
		exit 1
	fi
	grep -vE ': (Reading\.\.\.|Read complete|Refreshing state|Creating\.\.\.|Destroying\.\.\.)' "$work/output" |
		awk -v head="$head" -v tail="$tail" -v full="${FULL-}" '
			{ line[NR] = $0 }
			END {
				for (i = 1; i <= NR; i++)
					if (full || NR <= head + tail + 1 || i <= head || i > NR - tail)
						print "    " line[i]
					else if (i == head + 1)
						print "    ... " NR - head - tail " lines ..."
			}'
}
# What of this machine hosts could disturb: its network's cards, addresses and routes, its mounts.
surroundings() {
	cut -d: -f1 /proc/net/dev
	cat /proc/net/route /proc/net/fib_trie
	cut -d' ' -f2 /proc/self/mounts
	cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/hostname
}
leave() {
	code=$?
	trap - EXIT INT TERM
	[ -z "${tunnel-}" ] || kill "$tunnel" 2> /dev/null || true
	infra sandbox down > /dev/null 2>&1 || true
	rm -rf "$work"
	exit $code
}

work=$(mktemp -d)
trap leave EXIT
trap 'exit 130' INT TERM
surroundings > "$work/before"
export HOME="$work/home" INFRA_SANDBOX="$work/cloud" NO_COLOR=1
for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\|TF_[A-Za-z0-9_]*\|XDG_[A-Z_]*\|INFRA_STATE_PASSPHRASE\)=.*/\1/p'); do
	unset "$name"
done
cp -r "$top/examples" "$top/modules" "$work"
cd "$work/examples/msls"
mkdir -p -m 700 "$HOME/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$HOME/.ssh/id_ed25519"
echo 'ssh_cidr_blocks = ["192.0.2.10/32"] # where the sandbox has its user' > terraform.tfvars

say "infra builds the machinery for training models on AWS from plan files; this is a whole life of one project." "" \
	"The project is examples/msls: a network with a jump host, a shared file system, a host with eight Gaudi" \
	"accelerators, and a monitor. In place of AWS, infra's own sandbox plays the cloud, on this machine."

title "1. A cloud to rehearse in"
show 9 9 infra sandbox up
say "" '$ eval "$(infra sandbox env)"'
eval "$(infra sandbox env)"

title "2. Plan: what would change"
say "A plan only reads. '+' will be created; what AWS decides is '(known after apply)'."
show 30 20 infra plan

title "3. Apply: make it so"
say "In the order that the references between the objects ask for, as much at a time as can be. Each wish is on disk" \
	"before its request leaves: kill it anywhere, and the next run knows what became of it."
show 8 14 infra apply -auto-approve

if infra sandbox status | grep -q "real hosts"; then
	title "4. Into its hosts"
	show 20 0 infra hosts
	say "" "The training host has no address of its own on the internet: ssh goes through the jump host. Its first boot" \
		"mounted the shared file system and made the data volume ready."
	show 20 0 infra ssh msls-train -- 'cloud-init status --wait && hostname && ls -d /efs/* /data'

	title "5. Its monitor's page, through a tunnel"
	say "" '$ infra tunnel grafana &' ""
	infra tunnel grafana > "$work/tunnel" 2>&1 &
	tunnel=$!
	until grep -q 'http://' "$work/tunnel" 2> /dev/null; do
		kill -0 $tunnel 2> /dev/null || { cat "$work/tunnel"; exit 1; }
		sleep 0.05
	done
	sed 's/^/    /' "$work/tunnel"
	show 12 0 curl -fsS "$(grep -o 'http://[^ ]*' "$work/tunnel")"
	kill $tunnel
	wait $tunnel || true
	tunnel=
else
	infra sandbox status
	say "(so there are no hosts to enter here)"
fi

show 5 5 infra sandbox status

title "6. Plan again: nothing to do"
show 10 10 infra plan

title "7. Destroy: leave nothing behind"
show 6 6 infra destroy -auto-approve
show 5 5 infra sandbox status
grep -q 'It is empty' "$work/output" || { say "That is a mistake in infra."; exit 1; }
show 5 5 infra sandbox down

cd "$top"
rm -rf "$work/cloud"
surroundings > "$work/after"
if ! diff "$work/before" "$work/after"; then
	say "This machine's network or its mounts are not as they were, which is a mistake in infra."
	exit 1
fi
say "" "Nothing is left, and this machine's network is as it was. All of it took $(($(date +%s) - started)) s." \
	"Next: README.md, and examples/msls with an account of yours."
