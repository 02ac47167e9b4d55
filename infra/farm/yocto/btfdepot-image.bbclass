# For an image recipe (`inherit btfdepot-image`): puts the device client into the image, and the
# settings that it needs there. BTFDEPOT_CLIENT is the folder infra/device of BTF Depot.
#
# A Yocto kernel keeps its notes, so that the client finds the build ID by itself.
BTFDEPOT_URL ?= ""
BTFDEPOT_CLIENT ?= ""

btfdepot_install_client() {
    install -D -m 0755 "${BTFDEPOT_CLIENT}/btfdepot-fetch" \
        "${IMAGE_ROOTFS}${sbindir}/btfdepot-fetch"
    install -m 0644 "${BTFDEPOT_CLIENT}/btfdepot-place" "${IMAGE_ROOTFS}${sbindir}/btfdepot-place"
    install -d "${IMAGE_ROOTFS}${sysconfdir}/btf-depot/keys"
    echo "BTFDEPOT_URL=${BTFDEPOT_URL}" > "${IMAGE_ROOTFS}${sysconfdir}/btf-depot/fetch.conf"
}
ROOTFS_POSTPROCESS_COMMAND:append = " btfdepot_install_client;"
