#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sample of the sweep; SWEEP=all plays every point, SWEEP=100 a hundred.
exec python3 "$(dirname "$0")/sweep.py"
