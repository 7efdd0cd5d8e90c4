# SPDX-License-Identifier: Apache-2.0
# Where things go: the program, the modules and examples that plan files call, and what there is to read.

prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
datadir ?= $(prefix)/share
DOCS    := README.md LICENSE $(wildcard docs/*)

.PHONY: install uninstall deb

## install         install into $(DESTDIR)$(prefix); prefix=/usr/local unless given
install: all
	$(Q)install -d $(DESTDIR)$(bindir) $(DESTDIR)$(datadir)/infra $(DESTDIR)$(datadir)/doc/infra
	$(Q)install $(BUILD)/infra $(DESTDIR)$(bindir)/infra
	$(Q)install -m 644 $(DOCS) $(DESTDIR)$(datadir)/doc/infra
	$(Q)tar -c --exclude='.*' --exclude='terraform.tfstate*' modules examples | tar -x --no-same-owner -C $(DESTDIR)$(datadir)/infra

uninstall:
	$(Q)rm -rf $(DESTDIR)$(bindir)/infra $(DESTDIR)$(datadir)/infra $(DESTDIR)$(datadir)/doc/infra

## deb             a Debian package, under build/
deb: all
	+$(Q)MAKE='$(MAKE)' BUILD=$(BUILD) packaging/deb.sh
