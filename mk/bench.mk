# SPDX-License-Identifier: Apache-2.0
# What tests/bench measures with; nothing depends on it.

BENCH_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(filter-out tests/bench/measure.c,$(wildcard tests/bench/*.c)))

$(BENCH_PROGRAMS): $(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libinfra.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libinfra.a $(PKG_LIBS)

# without the libraries: what it starts begins with its size
$(BUILD)/tests/bench/measure: $(BUILD)/tests/bench/measure.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $<

.PHONY: bench
## bench           measure, beside Terraform where it is found; B='start groups' some of it, ARGS=-h tells more
bench: $(BUILD)/infra $(BENCH_PROGRAMS) $(BUILD)/tests/bench/measure
	$(Q)$(PYTHON) tests/bench/bench.py --build $(BUILD) $(ARGS) $(B)

-include $(BENCH_PROGRAMS:%=%.d) $(BUILD)/tests/bench/measure.d
