#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sample of the sweep on the sandbox cloud, where what takes time at AWS takes time; SWEEP=all plays every point.
CLOUD=sandbox SWEEP=${SWEEP:-18} exec "$(dirname "$0")/../e2e/sweep.py"
