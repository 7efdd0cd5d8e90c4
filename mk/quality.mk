# SPDX-License-Identifier: Apache-2.0
# Looks at the code that take longer than a test.

.PHONY: valgrind format tidy analyze cover

## valgrind        memcheck over plans and applies, of terraform_data and of an example against moto
valgrind: all
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/tools/valgrind.py
