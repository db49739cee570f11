# prov: make, make test, make test-in-vm, make asan, make lint, make demo, make bench, make install (DESTDIR, prefix), make clean.
# Sources are found by folder: a new file needs no line here.

prefix     ?= /usr/local
bindir     ?= $(prefix)/bin
libdir     ?= $(prefix)/lib
datadir    ?= $(prefix)/share
mandir     ?= $(datadir)/man
moduledir   = $(libdir)/prov
recipedir   = $(datadir)/prov/boxes
exampledir  = $(datadir)/prov/examples
VERSION     = 0.1.0

CC         ?= cc
MUSL_CC    ?= musl-gcc
PKG_CONFIG ?= pkg-config
B          ?= build

WARN   = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wvla \
         -Wswitch-enum -Wno-format-truncation -Werror
HARDEN = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fstack-clash-protection -fcf-protection
OPT    = -O2 -g
SAN    =
ifdef SANITIZE
OPT    = -O1 -g
HARDEN =
SAN    = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DMODULE_DIR='"$(moduledir)"' -DRECIPE_DIR='"$(recipedir)"' \
             -DCLAIMS_FILE='"$(datadir)/prov/claims.yaml"' \
             -I. $(WARN) $(OPT) $(HARDEN) $(SAN) -fPIC -MMD -MP $(CFLAGS)
LDFLAGS_ALL = -Wl,-z,relro,-z,now -Wl,--as-needed $(SAN) $(LDFLAGS)

pkg = $(shell $(PKG_CONFIG) $(1) $(2))
objs = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $(1))))

# The program: no libvirt, libssh, libcurl, libarchive or libcrypto. Each module holds one of them, and calls
# its own functions even where the program has one of the same name.
ENGINE   = engine/*.c engine/cgroup/*.c
CORE_OBJ = $(call objs,base/*.c $(ENGINE) core/*.c lab/*.c lab/*/*.c net/*.c boxes/*.c transports/*.c providers/*.c \
           providers/common/*.c providers/container/*.c provisioners/*.c compare/*.c)
CLI_OBJ  = $(call objs,cli/*.c)
KVM_OBJ  = $(call objs,providers/kvm/*.c net/libvirt/*.c)
SSH_OBJ  = $(call objs,transports/ssh/*.c)
BOX_OBJ  = $(call objs,boxes/transfer/*.c)
TAR_OBJ  = $(call objs,transports/tar/*.c)
NFT_OBJ  = $(call objs,net/nft/*.c)
OCI_OBJ  = $(call objs,oci/*.c)
SEC_OBJ  = $(call objs,engine/seccomp/*.c)
FAKE_OBJ = $(call objs,tests/fake/*.c tests/unit/*/*_fixture.c)

# The archives of small libraries where there are any: each shared one costs every start of the program 30 us.
# Modules call jansson and libmd too, and find them in the program, so these are in there as a whole.
archive = $(if $(wildcard $(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
CORE_LIBS = $(call archive,yaml) -Wl,--whole-archive $(call archive,jansson) $(call archive,md) -Wl,--no-whole-archive \
            $(call archive,cap) $(call pkg,--libs,libmnl) -lm
KVM_LIBS  = $(call pkg,--libs,libvirt)
SSH_LIBS  = $(call pkg,--libs,libssh)
BOX_LIBS  = $(call pkg,--libs,libcurl libarchive zlib)
NFT_LIBS  = $(call pkg,--libs,libnftables)
SEC_LIBS  = $(call pkg,--libs,libseccomp)
TEST_LIBS = $(call pkg,--libs,check)

MODULES = $(B)/prov-kvm.so $(B)/prov-ssh.so $(B)/prov-box.so $(B)/prov-tar.so $(B)/prov-seccomp.so $(B)/prov-nft.so
GUEST   = $(patsubst guest/%.c,$(B)/%,$(sort $(wildcard guest/prov-*.c)))
UNIT    = $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/*/test_*.c)))
CRASH   = $(patsubst tests/crash/%.c,$(B)/crash/%,$(sort $(wildcard tests/crash/*.c)))
ATTACK  = $(patsubst tests/live/isolation/attack/%.c,$(B)/attack/%,$(sort $(wildcard tests/live/isolation/attack/*.c)))
BENCH   = $(patsubst tests/bench/%.c,$(B)/bench/%,$(sort $(wildcard tests/bench/*.c)))

# `make V=1` shows the commands themselves.
Q = $(if $(V),,@echo "  $(1) $@";)
all: $(B)/prov $(B)/prov-oci $(MODULES) $(GUEST)

$(B)/prov: $(CORE_OBJ) $(CLI_OBJ)
	$(call Q,LINK)$(CC) -pie -rdynamic -o $@ $^ $(LDFLAGS_ALL) $(CORE_LIBS)
# An OCI runtime: the engine without prov around it.
$(B)/prov-oci: $(OCI_OBJ) $(call objs,$(ENGINE)) $(filter-out $(B)/base/yaml%,$(call objs,base/*.c))
	$(call Q,LINK)$(CC) -pie -rdynamic -o $@ $^ $(LDFLAGS_ALL) $(call pkg,--libs,jansson libmd) -lm -l:libcap.a
$(B)/prov-kvm.so: $(KVM_OBJ)
	$(call Q,LINK)$(CC) -shared -Wl,-Bsymbolic -o $@ $^ $(LDFLAGS_ALL) $(KVM_LIBS)
$(B)/prov-ssh.so: $(SSH_OBJ)
	$(call Q,LINK)$(CC) -shared -Wl,-Bsymbolic -o $@ $^ $(LDFLAGS_ALL) $(SSH_LIBS)
$(B)/prov-tar.so: $(TAR_OBJ)
	$(call Q,LINK)$(CC) -shared -Wl,-Bsymbolic -o $@ $^ $(LDFLAGS_ALL) $(call pkg,--libs,libarchive)
$(B)/prov-box.so: $(BOX_OBJ)
	$(call Q,LINK)$(CC) -shared -Wl,-Bsymbolic -o $@ $^ $(LDFLAGS_ALL) $(BOX_LIBS)

$(B)/prov-nft.so: $(NFT_OBJ)
	$(call Q,LINK)$(CC) -shared -Wl,-Bsymbolic -o $@ $^ $(LDFLAGS_ALL) $(NFT_LIBS)
$(B)/prov-seccomp.so: $(SEC_OBJ)
	$(call Q,LINK)$(CC) -shared -Wl,-Bsymbolic -o $@ $^ $(LDFLAGS_ALL) $(SEC_LIBS)

# What runs inside or beside a machine: static, tiny libc, no dependency on the rest.
GUEST_CFLAGS = -std=c17 -D_GNU_SOURCE -Os $(filter-out -Wpedantic,$(WARN)) -fno-asynchronous-unwind-tables -ffunction-sections -I. \
               -idirafter /usr/include -idirafter /usr/include/$(shell $(CC) -print-multiarch)
$(B)/prov-%: guest/prov-%.c $(wildcard guest/*.h)
	@mkdir -p $(@D)
	$(call Q,MUSL)$(MUSL_CC) $(GUEST_CFLAGS) -static -s -Wl,--gc-sections -o $@ $<

# The folders of the installation are compiled in: where they are others than last time, what knows them is compiled again.
$(B)/installed: always
	@mkdir -p $(@D)
	@echo '$(moduledir) $(recipedir) $(datadir)' | cmp -s - $@ || echo '$(moduledir) $(recipedir) $(datadir)' >$@
$(call objs,$(shell grep -lwE 'MODULE_DIR|RECIPE_DIR|CLAIMS_FILE' */*.c */*/*.c)): $(B)/installed

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) $(CFLAGS_ALL) -c -o $@ $<

# What tests/live/isolation runs inside a container to get out of it.
$(B)/attack/%: tests/live/isolation/attack/%.c tests/live/isolation/attack/attack.h
	@mkdir -p $(@D)
	$(call Q,MUSL)$(MUSL_CC) $(GUEST_CFLAGS) -static -s -o $@ $<

# Tests: everything in one archive, so that a suite links what it calls.
$(B)/libprov.a: $(CORE_OBJ) $(KVM_OBJ) $(SSH_OBJ) $(BOX_OBJ) $(TAR_OBJ) $(SEC_OBJ) $(NFT_OBJ) $(FAKE_OBJ) $(filter-out $(B)/cli/main.o,$(CLI_OBJ)) \
               $(filter-out $(B)/oci/main.o,$(OCI_OBJ))
	@rm -f $@
	$(call Q,AR  )$(AR) rcs $@ $^
TEST_LINK = $(call Q,LINK)$(CC) -pie -rdynamic -o $@ $< $(B)/libprov.a $(LDFLAGS_ALL) $(CORE_LIBS) $(KVM_LIBS) $(SSH_LIBS) $(BOX_LIBS) $(SEC_LIBS) $(NFT_LIBS) $(TEST_LIBS)
$(B)/unit/%: $(B)/tests/unit/%.o $(B)/libprov.a
	@mkdir -p $(@D)
	$(TEST_LINK)
$(B)/crash/%: $(B)/tests/crash/%.o $(B)/libprov.a
	@mkdir -p $(@D)
	$(TEST_LINK)

test-programs: $(UNIT) $(CRASH) $(ATTACK) all $(B)/prov.yaml.5
unit: $(UNIT) all
	tests/run $(UNIT)
crash: $(CRASH) all
	tests/run $(CRASH)
test: test-programs
	tests/run $(UNIT) $(CRASH) tests/cli/*.sh tests/live/*.sh $(wildcard tests/live/isolation/*.sh)
# The same on Debian's kernel, with systemd and cgroup v2 alone, in a machine that prov starts; minutes under emulation.
# T="tests/live/container.sh …" chooses.
test-in-vm: test-programs
	tools/test-in-vm $(T)
asan:
	$(MAKE) B=build/asan SANITIZE=1 unit crash
lint:
	tools/lint
demo: all
	tools/run-demo
bench: all $(BENCH)
	tools/bench
# The figures of prov compare held against other instruments; wants a quiet host, so it is no part of test.
outside: all $(BENCH)
	tests/run tests/bench/compare_outside.sh

# Programs for `make bench`: no libraries, so that they measure what they start and not themselves.
$(B)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -o $@ $<

# prov.yaml(5) is written by the table that reads the file.
$(B)/write-man: $(B)/tools/write-man.o $(CORE_OBJ)
	$(call Q,LINK)$(CC) -pie -rdynamic -o $@ $^ $(LDFLAGS_ALL) $(CORE_LIBS)
$(B)/prov.yaml.5: $(B)/write-man
	$< >$@

install: all $(B)/prov.yaml.5
	install -d $(addprefix $(DESTDIR),$(bindir) $(moduledir) $(recipedir) $(exampledir) $(mandir)/man1 $(mandir)/man5)
	install -m 755 $(B)/prov $(B)/prov-oci $(DESTDIR)$(bindir)/
	install -m 755 $(MODULES) $(GUEST) $(DESTDIR)$(moduledir)/
	install -m 644 docs/prov.1 docs/prov-oci.1 $(DESTDIR)$(mandir)/man1/
	install -m 644 docs/claims.yaml $(DESTDIR)$(datadir)/prov/
	install -m 644 $(B)/prov.yaml.5 $(DESTDIR)$(mandir)/man5/
	cp -R $(filter-out boxes/transfer,$(patsubst %/,%,$(wildcard boxes/*/))) $(DESTDIR)$(recipedir)/
	cp -R $(patsubst %/,%,$(wildcard Vagrantfile-examples/*/)) $(DESTDIR)$(exampledir)/

clean:
	rm -rf build

.PHONY: all always test-programs unit crash test test-in-vm asan lint demo bench outside install clean
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find $(B) -name test-home -prune -o -type f -name '*.d' -print 2>/dev/null)
