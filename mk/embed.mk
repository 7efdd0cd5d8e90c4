# SPDX-License-Identifier: Apache-2.0
# Files that become part of the program as they are: `SYMBOL: FILE` rows, each a NUL-terminated text.

EMBEDDED := state_schema_sql:state/schema.sql
GEN_OBJS += $(BUILD)/gen/embedded.o

$(BUILD)/gen/embedded.S: $(foreach e,$(EMBEDDED),$(lastword $(subst :, ,$(e)))) mk/embed.mk
	$(Q)mkdir -p $(@D)
	$(Q){ echo '	.section .rodata'; \
	$(foreach e,$(EMBEDDED),echo '	.globl $(firstword $(subst :, ,$(e)))'; echo '$(firstword $(subst :, ,$(e))):'; \
	echo '	.incbin "$(lastword $(subst :, ,$(e)))"'; echo '	.byte 0';) \
	echo '	.section .note.GNU-stack,"",@progbits'; } > $@

$(BUILD)/gen/embedded.o: $(BUILD)/gen/embedded.S
	$(Q)$(CC) -c -o $@ $<
