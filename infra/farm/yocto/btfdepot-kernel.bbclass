# For a kernel recipe (`inherit btfdepot-kernel` in a .bbappend): sends vmlinux, as it was linked, to
# the depot at BTFDEPOT_URL. Set that in local.conf, and BTFDEPOT to the command, which is not one
# of the sysroot's: the archive of `npm run pack:cli` needs nothing of the build host. What could not
# be sent is a warning, and with BTFDEPOT_UNSENT = "fail" the end of the build.
#
# The kernel needs CONFIG_DEBUG_INFO (features/debug/debug-kernel.scc); one without
# CONFIG_DEBUG_INFO_BTF gets its BTF from pahole, where HOSTTOOLS has it.
BTFDEPOT ?= "btfdepot"
BTFDEPOT_URL ?= ""
BTFDEPOT_TOKEN ?= ""
BTFDEPOT_UNSENT ?= "warn"

do_btfdepot_push() {
    if [ -z "${BTFDEPOT_URL}" ]; then
        bbnote "BTFDEPOT_URL is not set: no BTF is sent"
        return 0
    fi
    export BTFDEPOT_URL="${BTFDEPOT_URL}" BTFDEPOT_TOKEN="${BTFDEPOT_TOKEN}"
    if ${BTFDEPOT} push --split=here --distro "${DISTRO}" "${B}/vmlinux"; then
        return 0
    fi
    if [ "${BTFDEPOT_UNSENT}" = fail ]; then
        bbfatal "the BTF of ${PN} was not sent"
    fi
    bbwarn "the BTF of ${PN} was not sent"
}
# Before do_strip and do_package, which take the symbols away.
addtask btfdepot_push after do_compile before do_strip
do_btfdepot_push[network] = "1"
do_btfdepot_push[vardepsexclude] += "BTFDEPOT BTFDEPOT_URL BTFDEPOT_TOKEN BTFDEPOT_UNSENT"
