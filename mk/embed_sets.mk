# SPDX-License-Identifier: Apache-2.0
# Sets of files that become part of the program as they are: a symbol with rows of name, text and length.

# $(call embed_set,NAME,SYMBOL,FILES)
define embed_set
GEN_OBJS += $$(BUILD)/gen/$(1).o

$$(BUILD)/gen/$(1).S: $(3) mk/embed_sets.mk
	$$(Q)mkdir -p $$(@D)
	$$(Q){ i=0; for f in $(3); do i=$$$$((i + 1)); \
		printf '\t.section .rodata\n.Ltext%s: .incbin "%s"\n.Lend%s: .byte 0\n.Lname%s: .asciz "%s"\n' $$$$i $$$$f $$$$i $$$$i $$$${f##*/}; \
		printf '\t.section .data.rel.ro,"aw"\n\t.balign 8\n'; \
		[ $$$$i -gt 1 ] || printf '\t.globl $(2)\n$(2):\n'; \
		printf '\t.quad .Lname%s, .Ltext%s, .Lend%s - .Ltext%s\n' $$$$i $$$$i $$$$i $$$$i; done; \
	printf '\t.quad 0, 0, 0\n\t.section .note.GNU-stack,"",@progbits\n'; } > $$@

$$(BUILD)/gen/$(1).o: $$(BUILD)/gen/$(1).S
	$$(Q)$$(CC) -c -o $$@ $$<
endef

# AWS type files; the sandbox's services; what its hosts have in front of the machine's programs.
$(eval $(call embed_set,types,aws_type_files,$(sort $(wildcard providers/aws/types/*.hcl))))
$(eval $(call embed_set,services,sandbox_service_files,$(sort $(wildcard sandbox/services/*.hcl))))
$(eval $(call embed_set,shims,sandbox_shim_files,$(sort $(wildcard sandbox/host/shims/*))))
