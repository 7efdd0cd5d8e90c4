#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tests and the demonstration use moto, a server that plays AWS, and botocore. What the machine's python3 has will
# do; otherwise they go into build/venv. Without either the tests that need them are skipped and say so.
set -eu
cd "$(dirname "$0")/../.."
has_all() { "$1" -c 'import moto.server, botocore, boto3, flask, flask_cors' 2>/dev/null; }
if has_all python3 || has_all build/venv/bin/python3; then
	exit 0
fi
echo "python3 has no moto: installing it into build/venv"
mkdir -p build
if python3 -m venv build/venv &&
	build/venv/bin/python3 -m pip install --quiet --retries 2 --timeout 30 --requirement tests/tools/requirements.txt &&
	has_all build/venv/bin/python3; then
	exit 0
fi
rm -rf build/venv
echo "moto cannot be installed here; tests that need it will be skipped" >&2
