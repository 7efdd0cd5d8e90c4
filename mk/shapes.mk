# SPDX-License-Identifier: Apache-2.0
# The shape tables: aws/shapes/*.txt, packed by a small program of ours into read-only data.

SHAPE_TEXTS := $(sort $(wildcard aws/shapes/*.txt))
GEN_OBJS    += $(BUILD)/gen/shapes.o

$(BUILD)/gen/pack_shapes: mk/pack_shapes.c aws/shape.h base/base.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -I. $(WARNINGS) -O1 -g -o $@ $<

$(BUILD)/gen/shapes.S: $(SHAPE_TEXTS) $(BUILD)/gen/pack_shapes
	$(call say,PACK,$@)
	$(Q)$(BUILD)/gen/pack_shapes $(BUILD)/gen/shapes $(SHAPE_TEXTS)

$(BUILD)/gen/shapes.o: $(BUILD)/gen/shapes.S
	$(Q)$(CC) -c -o $@ $<
