# SPDX-License-Identifier: Apache-2.0
# shim: activate deactivate | to be sourced, as conda's: say that environments have the machine's own programs
echo "[sandbox] the environment ${1:-base} has the machine's own programs"
echo "$(date '+%F %T') activate: ${1:-base} has the machine's own programs" >> /var/log/sandbox-shims.log
