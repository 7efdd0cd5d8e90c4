# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/fuzz_NAME.c feeds one parser; tests/fuzz/corpus/NAME holds inputs. `make check` replays those,
# `make fuzz` looks for more.

FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_REPLAYS := $(FUZZ_SRCS:%.c=$(BUILD)/%)
FUZZERS := $(FUZZ_SRCS:%.c=$(BUILD)/%.fuzzer)
FUZZ_SECONDS ?= 60
F ?= $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=%)

units: $(FUZZ_REPLAYS)

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(BUILD)/libinfra.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/tests/fuzz/replay.o $(BUILD)/libinfra.a $(PKG_LIBS)

$(BUILD)/tests/fuzz/fuzz_%.fuzzer: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libinfra.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/libinfra.a $(PKG_LIBS)

.PHONY: fuzz fuzzers
fuzzers: $(F:%=$(BUILD)/tests/fuzz/fuzz_%.fuzzer)

# Types live as long as the program, and a world keeps what is made in it: after each request to look for leaks takes
# all the time there is. `make asan` looks for them at the end.
## fuzz            look for inputs that break a parser; F=name one of them, FUZZ_SECONDS=60 for each
fuzz:
	$(Q)$(MAKE) --no-print-directory BUILD=build-fuzz CC=clang OPT='-O1 -g -fno-omit-frame-pointer' \
		SANITIZE='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' fuzzers F='$(F)'
	$(Q)for name in $(F); do \
		mkdir -p build-fuzz/corpus/$$name build-fuzz/crashes/$$name; \
		build-fuzz/tests/fuzz/fuzz_$$name.fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
			-print_final_stats=0 -verbosity=0 $$([ $$name != api ] || echo -detect_leaks=0) -artifact_prefix=build-fuzz/crashes/$$name/ \
			build-fuzz/corpus/$$name tests/fuzz/corpus/$$name || exit 1; \
		echo "$$name: $$(ls build-fuzz/corpus/$$name | wc -l) inputs"; done

-include $(FUZZ_REPLAYS:%=%.d)
