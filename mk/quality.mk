# SPDX-License-Identifier: Apache-2.0
# Looks at the code that take longer than a test.

.PHONY: valgrind format tidy analyze cover

## valgrind        memcheck over plans and applies, of terraform_data and of an example against moto
valgrind: all
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/tools/valgrind.py

## debian          build and test this commit in a fresh Debian 12, made by debootstrap; needs root
.PHONY: debian
debian:
	$(Q)tests/tools/debian.sh

## format          hold the sources' layout against the rules; clang-format's advice on changed lines; SINCE=origin/main
format:
	$(Q)$(PYTHON) tests/tools/format.py $(if $(SINCE),--since $(SINCE))

## tidy            clang-tidy and gcc's analyzer; FILE=name one file
TIDY_FILES = $(or $(FILE),$(SRCS))
TIDY_TARGETS = $(TIDY_FILES:%=tidy-%)
tidy: $(TIDY_TARGETS)

.PHONY: $(TIDY_TARGETS)
$(TIDY_TARGETS): tidy-%: % | $(GEN_HEADERS)
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- $(filter-out -Werror,$(ALL_CFLAGS)) 2>&1 | grep -v 'warnings generated' | grep . && exit 1 || true
	$(Q)$(CC) $(ALL_CFLAGS) -O1 -fanalyzer $(ANALYZER) -c -o /dev/null $<

# What gcc 12's analyzer says wrongly of C with arenas: it believes blocks of an arena lost, does not know that bug() and
# the x...alloc() functions never return failure, and takes tables' references for NULL where the tables have none.
ANALYZER := -Wno-analyzer-malloc-leak -Wno-analyzer-possible-null-dereference -Wno-analyzer-null-dereference

## cover           which lines the tests reach
cover:
	$(Q)rm -rf build-cover
	$(Q)$(MAKE) --no-print-directory BUILD=build-cover OPT='-O0 -g' SANITIZE=--coverage check || true
	$(Q)$(PYTHON) tests/tools/cover.py build-cover

## demo            an example's whole life in a cloud on this machine: plan, apply, ssh, tunnel, destroy; FULL=1 whole outputs
.PHONY: demo
demo: all
	$(Q)BUILD=$(BUILD) FULL=$(FULL) sh tests/tools/demo.sh
