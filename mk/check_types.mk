# SPDX-License-Identifier: Apache-2.0
## check-types     hold the type files against AWS's models: as botocore carries them, and by our own tables
.PHONY: check-types
check-types: $(BUILD)/infra
	$(Q)$(PYTHON) tests/types/check_types.py --notes
	$(Q)$(BUILD)/infra types check

# Programs that the scripts of tests/types drive.
TYPE_TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/types/*.c))
units: $(TYPE_TEST_PROGRAMS)

$(BUILD)/tests/types/%: $(BUILD)/tests/types/%.o $(BUILD)/libinfra.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libinfra.a $(PKG_LIBS)

-include $(TYPE_TEST_PROGRAMS:%=%.d)
