# SPDX-License-Identifier: Apache-2.0
# What hosts of the sandbox have in front of the machine's programs, built in as it is: rows of name, text and length.

SHIM_FILES := $(sort $(wildcard sandbox/host/shims/*))
GEN_OBJS += $(BUILD)/gen/shims.o

$(BUILD)/gen/shims.S: $(SHIM_FILES) mk/shims.mk
	$(Q)mkdir -p $(@D)
	$(Q){ i=0; for f in $(SHIM_FILES); do i=$$((i + 1)); \
		printf '\t.section .rodata\n.Ltext%s: .incbin "%s"\n.Lend%s: .byte 0\n.Lname%s: .asciz "%s"\n' $$i $$f $$i $$i $${f##*/}; \
		printf '\t.section .data.rel.ro,"aw"\n\t.balign 8\n'; \
		[ $$i -gt 1 ] || printf '\t.globl sandbox_shim_files\nsandbox_shim_files:\n'; \
		printf '\t.quad .Lname%s, .Ltext%s, .Lend%s - .Ltext%s\n' $$i $$i $$i $$i; done; \
	printf '\t.quad 0, 0, 0\n\t.section .note.GNU-stack,"",@progbits\n'; } > $@

$(BUILD)/gen/shims.o: $(BUILD)/gen/shims.S
	$(Q)$(CC) -c -o $@ $<
