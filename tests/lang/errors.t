#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the user is told about mistakes in plan files: errors/NAME.tf has them, errors/NAME.err what
# is printed. ACCEPT=1 rewrites the latter; read the difference as a user would.
infra=${INFRA:?}
cd "$(dirname "$0")/errors" || exit 1
set -- *.tf
echo "1..$#"
n=0
for file; do
	n=$((n + 1))
	name=${file%.tf}
	got=$("$infra" fmt -check "$file" 2>&1; echo "status $?")
	[ -n "$ACCEPT" ] && printf '%s\n' "$got" >"$name.err"
	if [ "$got" = "$(cat "$name.err" 2>/dev/null)" ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		printf '%s\n' "$got" | diff "$name.err" - 2>&1 | sed 's/^/# /'
	fi
done
