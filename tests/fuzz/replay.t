#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every fuzz entry takes its corpus.
n=0 failed=0
for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	n=$((n + 1))
	if out=$("$BUILD/tests/fuzz/$name" "tests/fuzz/corpus/${name#fuzz_}" 2>&1); then
		echo "ok $n - ${name#fuzz_}: $out"
	else
		echo "$out" | tail -40 | sed 's/^/# /'
		echo "not ok $n - ${name#fuzz_}"
		failed=1
	fi
done
echo "1..$n"
exit $failed
