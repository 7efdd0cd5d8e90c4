#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The engine's quick end-to-end tests, with the sandbox in moto's place.
for test in e2e/state e2e/unread e2e/secrets types/own; do
	CLOUD=sandbox "$(dirname "$0")/../$test.t"
done
