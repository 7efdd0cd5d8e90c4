# SPDX-License-Identifier: Apache-2.0
# Programs of tests/bench measure; nothing depends on them.

BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libinfra.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libinfra.a $(PKG_LIBS)

.PHONY: bench
## bench           measure; B=name one of tests/bench, ARGS=... its arguments
bench: $(if $(B),$(BUILD)/tests/bench/$(B),$(BENCHES))
	$(Q)for program in $^; do $$program $(ARGS) || exit 1; done

-include $(BENCHES:%=%.d)
