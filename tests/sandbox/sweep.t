#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sample of the sweep on the sandbox cloud, where what takes time at AWS takes time, and reads show late what was
# changed; SWEEP=all plays every point.
[ "$SWEEP" = all ] && jobs=12 # they wait more than they work
CLOUD=sandbox SWEEP=${SWEEP:-18} SWEEP_DELAY=${SWEEP_DELAY:-300} exec "$(dirname "$0")/../e2e/sweep.py" --jobs "${jobs:-2}"
