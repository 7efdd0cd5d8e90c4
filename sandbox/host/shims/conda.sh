#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: conda mamba | say what they would have done
. /run/sandbox/shims/common.sh

case "$*" in
"info --base") echo /opt/conda ;;
"shell."* | *hook*) ;; # what `eval "$(conda shell.bash hook)"` takes in
*) say "would have done: $*" ;;
esac
