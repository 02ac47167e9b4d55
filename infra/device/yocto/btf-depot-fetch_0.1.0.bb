SUMMARY = "Fetches and loads the BTF of the running kernel"
DESCRIPTION = "Asks a BTF depot for what the running kernel lacks, by its build ID, and loads what is signed."
SECTION = "utils"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

# With the files of infra/device in files/ beside this recipe. A .bbappend adds the depot's keys, to
# ${sysconfdir}/btf-depot/keys, and its address, to fetch.conf.
SRC_URI = "file://btfdepot-fetch file://btfdepot-place file://fetch.conf file://modprobe.conf file://btf-depot-fetch.service"

# Where these go is UNPACKDIR since Yocto 5.1.
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

inherit allarch systemd

SYSTEMD_SERVICE:${PN} = "btf-depot-fetch.service"
SYSTEMD_AUTO_ENABLE = "disable"
RDEPENDS:${PN} = "curl openssl-bin"

do_install() {
    install -D -m 0755 ${S}/btfdepot-fetch ${D}${sbindir}/btfdepot-fetch
    install -D -m 0644 ${S}/btfdepot-place ${D}${sbindir}/btfdepot-place
    install -D -m 0644 ${S}/fetch.conf ${D}${sysconfdir}/btf-depot/fetch.conf
    install -D -m 0644 ${S}/modprobe.conf ${D}${sysconfdir}/modprobe.d/btf-depot.conf
    install -D -m 0644 ${S}/btf-depot-fetch.service ${D}${systemd_system_unitdir}/btf-depot-fetch.service
}

FILES:${PN} += "${systemd_system_unitdir}"
CONFFILES:${PN} = "${sysconfdir}/btf-depot/fetch.conf"
