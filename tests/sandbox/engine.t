#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The engine's quick end-to-end tests, with the sandbox in moto's place.
for test in state unread secrets; do
	CLOUD=sandbox "$(dirname "$0")/../e2e/$test.t"
done
