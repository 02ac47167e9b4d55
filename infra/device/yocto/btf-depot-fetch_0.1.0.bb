SUMMARY = "Fetches and loads the BTF of the running kernel"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

# With the files of infra/device in files/ beside this recipe, and the depot's keys as keys/NAME.pub.
SRC_URI = "file://btfdepot-fetch file://fetch.conf file://modprobe.conf file://btf-depot-fetch.service"

inherit allarch systemd

SYSTEMD_SERVICE:${PN} = "btf-depot-fetch.service"
SYSTEMD_AUTO_ENABLE = "disable"
RDEPENDS:${PN} = "curl openssl-bin"

do_install() {
    install -D -m 0755 ${WORKDIR}/btfdepot-fetch ${D}${sbindir}/btfdepot-fetch
    install -D -m 0644 ${WORKDIR}/fetch.conf ${D}${sysconfdir}/btf-depot/fetch.conf
    install -D -m 0644 ${WORKDIR}/modprobe.conf ${D}${sysconfdir}/modprobe.d/btf-depot.conf
    install -D -m 0644 ${WORKDIR}/btf-depot-fetch.service ${D}${systemd_system_unitdir}/btf-depot-fetch.service
}

CONFFILES:${PN} = "${sysconfdir}/btf-depot/fetch.conf"
