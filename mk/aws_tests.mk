# SPDX-License-Identifier: Apache-2.0
# Programs that the scripts of tests/aws drive.

AWS_TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/aws/*.c))
units: $(AWS_TEST_PROGRAMS)

$(BUILD)/tests/aws/%: $(BUILD)/tests/aws/%.o $(BUILD)/libinfra.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libinfra.a $(PKG_LIBS)

-include $(AWS_TEST_PROGRAMS:%=%.d)
