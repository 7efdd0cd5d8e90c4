# SPDX-License-Identifier: Apache-2.0
# The sandbox's service files, built into the program as they are: rows of name, text and length.

SERVICE_FILES := $(sort $(wildcard sandbox/services/*.hcl))
GEN_OBJS += $(BUILD)/gen/services.o

$(BUILD)/gen/services.S: $(SERVICE_FILES) mk/sandbox.mk
	$(Q)mkdir -p $(@D)
	$(Q){ i=0; for f in $(SERVICE_FILES); do i=$$((i + 1)); \
		printf '\t.section .rodata\n.Ltext%s: .incbin "%s"\n.Lend%s: .byte 0\n.Lname%s: .asciz "%s"\n' $$i $$f $$i $$i $${f##*/}; \
		printf '\t.section .data.rel.ro,"aw"\n\t.balign 8\n'; \
		[ $$i -gt 1 ] || printf '\t.globl sandbox_service_files\nsandbox_service_files:\n'; \
		printf '\t.quad .Lname%s, .Ltext%s, .Lend%s - .Ltext%s\n' $$i $$i $$i $$i; done; \
	printf '\t.quad 0, 0, 0\n\t.section .note.GNU-stack,"",@progbits\n'; } > $@

$(BUILD)/gen/services.o: $(BUILD)/gen/services.S
	$(Q)$(CC) -c -o $@ $<
