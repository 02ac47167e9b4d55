# For debian/rules of a kernel package: include this file, and call, while vmlinux still has its
# symbols and debug information,
#
#   $(call btfdepot_push,vmlinux)
#   $(call btfdepot_carrier,vmlinux,debian/PACKAGE/lib/modules/RELEASE/extra/btf_vmlinux.ko.xz)
#
# The first sends it to the depot at BTFDEPOT_URL (nothing is sent where that is not set). What could
# not be sent is a warning, and with BTFDEPOT_UNSENT=fail the end of the build. The second needs no
# network: it writes the module with the BTF, signed where BTFDEPOT_KEY and BTFDEPOT_CERTIFICATE name
# the build's key.
BTFDEPOT ?= btfdepot
BTFDEPOT_DISTRO ?= debian
BTFDEPOT_UNSENT ?= warn

define btfdepot_push
	@if [ -z "$$BTFDEPOT_URL" ]; then echo 'BTFDEPOT_URL is not set: no BTF is sent'; \
	else $(BTFDEPOT) push --split=here --distro $(BTFDEPOT_DISTRO) $(1) \
	  || { echo '$(BTFDEPOT_UNSENT): the BTF of $(1) was not sent' >&2; \
	       [ $(BTFDEPOT_UNSENT) != fail ]; }; fi
endef

define btfdepot_carrier
	install -d $(dir $(2))
	$(BTFDEPOT) carrier --kernel $(1) -o $(2) \
	  $(if $(BTFDEPOT_KEY),--key $(BTFDEPOT_KEY) --certificate $(BTFDEPOT_CERTIFICATE))
endef
