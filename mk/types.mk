# SPDX-License-Identifier: Apache-2.0
# The AWS type files, built into the program as they are: rows of name, text and length.

TYPE_FILES := $(sort $(wildcard providers/aws/types/*.hcl))
GEN_OBJS += $(BUILD)/gen/types.o

$(BUILD)/gen/types.S: $(TYPE_FILES) mk/types.mk
	$(Q)mkdir -p $(@D)
	$(Q){ i=0; for f in $(TYPE_FILES); do i=$$((i + 1)); \
		printf '\t.section .rodata\n.Ltext%s: .incbin "%s"\n.Lend%s: .byte 0\n.Lname%s: .asciz "%s"\n' $$i $$f $$i $$i $${f##*/}; \
		printf '\t.section .data.rel.ro,"aw"\n\t.balign 8\n'; \
		[ $$i -gt 1 ] || printf '\t.globl aws_type_files\naws_type_files:\n'; \
		printf '\t.quad .Lname%s, .Ltext%s, .Lend%s - .Ltext%s\n' $$i $$i $$i $$i; done; \
	printf '\t.quad 0, 0, 0\n\t.section .note.GNU-stack,"",@progbits\n'; } > $@

$(BUILD)/gen/types.o: $(BUILD)/gen/types.S
	$(Q)$(CC) -c -o $@ $<
