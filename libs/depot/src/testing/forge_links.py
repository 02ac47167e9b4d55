"""Writes kernels with CONFIG_DEBUG_INFO_BTF=m and the modules that bring their core.

From the kernel's description alone, for both word sizes and byte orders: struct {
char module_name[64 - sizeof(long)]; u8 sha256[32]; u32 size; } in .BTF.link. Usage: FOLDER.
Files: BITS-ORDER.ko, and BITS-ORDER-CASE.stripped and .unstripped, where CASE says what is wrong.
"""
import hashlib
import os
import struct
import sys

MACHINES = {("64", "<"): 62, ("64", ">"): 22, ("32", "<"): 40, ("32", ">"): 8}
BUILD_ID = bytes(range(20))


def btf(bits, order):
    strings = b"\0int\0long unsigned int\0"
    integer = lambda name, size, sign: struct.pack(
        order + "IIII", name, 1 << 24, size, sign << 24 | size * 8
    )
    types = integer(1, 4, 1) + integer(5, int(bits) // 8, 0)
    header = struct.pack(order + "HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings))
    return header + types + strings


def elf(bits, order, kind, sections):
    """sections: name, type, flags, bytes; a symbol table and names follow."""
    wide = bits == "64"
    head, entry = (64, 64) if wide else (52, 40)
    symbol = 24 if wide else 16
    rows = [("", 0, 0, b"", 0, 0)]
    rows += [(name, kind_, flags, data, 0, 0) for name, kind_, flags, data in sections]
    rows.append((".symtab", 2, 0, bytes(symbol), len(rows) + 1, symbol))
    rows.append((".strtab", 3, 0, b"\0", 0, 0))
    names = b""
    for name in [row[0] for row in rows] + [".shstrtab"]:
        names += name.encode() + b"\0"
    rows.append((".shstrtab", 3, 0, names, 0, 0))
    body, table, at = b"", b"", 0
    for index, (name, kind_, flags, data, link, size) in enumerate(rows):
        body += bytes(-len(body) % 8)
        offset = head + len(body) if index else 0
        form = "IIQQQQIIQQ" if wide else "IIIIIIIIII"
        row = (at, kind_, flags, 0, offset, len(data), link, 1 if kind_ == 2 else 0)
        table += struct.pack(order + form, *row, 1 if index else 0, size)
        body += data
        at += len(name) + 1
    body += bytes(-len(body) % 8)
    order_byte = 1 if order == "<" else 2
    ident = b"\x7fELF" + bytes([2 if wide else 1, order_byte, 1]) + bytes(9)
    form = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
    fields = (kind, MACHINES[bits, order], 1, 0, 0, head + len(body), 0, head, 0, 0, entry)
    return ident + struct.pack(order + form, *fields, len(rows), len(rows) - 1) + body + table


def module(bits, order, core):
    name_at = 24 if bits == "64" else 12
    this = bytearray(256)
    this[name_at : name_at + 11] = b"btf_vmlinux"
    modinfo = b"license=GPL\0depends=\0name=btf_vmlinux\0vermagic=6.99.0 SMP \0"
    return elf(bits, order, 1, [
        (".modinfo", 1, 2, modinfo),
        (".gnu.linkonce.this_module", 1, 3, bytes(this)),
        (".BTF", 1, 0, core),
    ])


def link(bits, order, core):
    name = b"btf_vmlinux".ljust(64 - int(bits) // 8, b"\0")
    return name + hashlib.sha256(core).digest() + struct.pack(order + "I", len(core))


def flipped(data, at, bit=1):
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


def cases(bits, right):
    name = 64 - int(bits) // 8
    return {
        "right": right,
        "name": flipped(right, 2),
        "padding": flipped(right, name - 1),
        "hash": flipped(right, name + 31),
        "size": flipped(right, name + 32 + 1),
        "longer": right + b"\0",
        "shorter": right[:-1],
    }


def main(folder):
    for bits, order in MACHINES:
        core = btf(bits, order)
        stem = os.path.join(folder, bits + "-" + ("little" if order == "<" else "big"))
        note = struct.pack(order + "III", 4, len(BUILD_ID), 3) + b"GNU\0" + BUILD_ID
        with open(stem + ".ko", "wb") as file:
            file.write(module(bits, order, core))
        for case, record in cases(bits, link(bits, order, core)).items():
            for form in ("stripped", "unstripped"):
                sections = [(".notes", 7, 2, note), (".BTF.link", 1, 2, record)]
                if form == "unstripped":
                    sections.append((".BTF", 1, 0, core))
                with open(f"{stem}-{case}.{form}", "wb") as file:
                    file.write(elf(bits, order, 2, sections))


main(sys.argv[1])
