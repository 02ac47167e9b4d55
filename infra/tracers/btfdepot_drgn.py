"""drgn with the types and variables of a BTF depot, where there is no debugging information.

    import drgn
    from btfdepot_drgn import use_depot

    prog = drgn.Program()
    prog.set_kernel()
    use_depot(prog, "https://depot.example.org")
    print(prog["init_task"].comm)

Types come from the kernel's merged BTF; a variable's address is `_stext`, which the kernel's own
VMCOREINFO names, and what the depot says the variable lies from it. Written for drgn 0.3. Apache-2.0.
"""

import functools
import json
import struct
import urllib.request

from drgn import (
    Object,
    Program,
    Qualifiers,
    Type,
    TypeEnumerator,
    TypeKind,
    TypeMember,
    TypeParameter,
)

# Documentation/bpf/btf.rst
_INT, _PTR, _ARRAY, _STRUCT, _UNION, _ENUM, _FWD, _TYPEDEF = range(1, 9)
_VOLATILE, _CONST, _RESTRICT, _FUNC, _FUNC_PROTO, _VAR, _DATASEC, _FLOAT = range(9, 17)
_DECL_TAG, _TYPE_TAG, _ENUM64 = range(17, 20)

_QUALIFIERS = {
    _CONST: Qualifiers.CONST,
    _VOLATILE: Qualifiers.VOLATILE,
    _RESTRICT: Qualifiers.RESTRICT,
}
_KINDS = {
    _INT: (TypeKind.INT, TypeKind.BOOL),
    _STRUCT: (TypeKind.STRUCT,),
    _UNION: (TypeKind.UNION,),
    _ENUM: (TypeKind.ENUM,),
    _ENUM64: (TypeKind.ENUM,),
    _TYPEDEF: (TypeKind.TYPEDEF,),
    _FLOAT: (TypeKind.FLOAT,),
}
# Words behind a type's head: always, and for each of its members.
_WORDS = {
    _INT: (1, 0),
    _ARRAY: (3, 0),
    _STRUCT: (0, 3),
    _UNION: (0, 3),
    _ENUM: (0, 2),
    _FUNC_PROTO: (0, 2),
    _VAR: (1, 0),
    _DATASEC: (0, 3),
    _DECL_TAG: (1, 0),
    _ENUM64: (0, 3),
}


def use_depot(prog: Program, url: str) -> None:
    """Has `prog`, a kernel, find its types and variables at the depot.

    Raises LookupError where the kernel does not say its build ID, urllib.error.URLError where the
    depot does not answer or does not have the kernel.
    """
    lines = prog["VMCOREINFO"].string_().decode().splitlines()
    info = dict(line.split("=", 1) for line in lines if "=" in line)
    kernel = f"{url.rstrip('/')}/v1/kernels/{info['BUILD-ID']}"
    stext = int(info["SYMBOL(_stext)"], 16)
    btf = Btf(prog, _get(f"{kernel}/vmlinux.full.btf"))

    # drgn asks each time that a name is used.
    @functools.cache
    def find(name: str):
        kind = btf.variables.get(name)
        if kind is None:
            return btf.enumerator(name)
        found = json.loads(_get(f"{kernel}/vars/{name}"))["variables"]
        if len(found) > 1:
            raise LookupError(f"{name}: the kernel has {len(found)} static variables of that name")
        if "fromStext" not in found[0]:
            return None
        return Object(prog, btf.type(kind), address=stext + found[0]["fromStext"])

    prog.register_type_finder("btf-depot", btf.find_type, enable_index=-1)
    prog.register_object_finder(
        "btf-depot", lambda prog, name, flags, filename: find(name), enable_index=-1
    )


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


class Btf:
    """Types of one BTF that stands alone, as drgn's, each made when it is first asked for."""

    def __init__(self, prog: Program, data: bytes) -> None:
        self._prog = prog
        self._data = data
        self._order = "<" if data[:2] == b"\x9f\xeb" else ">"
        magic, _, _, head, types, size, strings, length = self._unpack("HBBIIIII", 0)
        if magic != 0xEB9F:
            raise ValueError("not BTF")
        self._strings = data[head + strings : head + strings + length]
        self._made: dict[int, Type] = {}
        # Where each type begins; id 0 is void.
        self._places = [0]
        self._named: dict[tuple[TypeKind, str], int] = {}
        # Variables by their names, to the ids of their types.
        self.variables: dict[str, int] = {}
        at, end = head + types, head + types + size
        while at < end:
            name, info, last = self._unpack("III", at)
            kind, count = info >> 24 & 0x1F, info & 0xFFFF
            if name and kind in _KINDS:
                for one in _KINDS[kind]:
                    self._named.setdefault((one, self._name(name)), len(self._places))
            elif kind == _VAR:
                self.variables[self._name(name)] = last
            self._places.append(at)
            always, each = _WORDS.get(kind, (0, 0))
            at += 12 + 4 * (always + each * count)

    def _unpack(self, form: str, at: int) -> tuple:
        return struct.unpack_from(self._order + form, self._data, at)

    def _name(self, offset: int) -> str:
        return self._strings[offset : self._strings.index(b"\0", offset)].decode()

    def find_type(self, prog, kinds, name, filename):
        """What drgn asks a finder of types."""
        for kind in kinds:
            number = self._named.get((kind, name))
            made = self.type(number) if number else None
            if made is not None and made.kind == kind:
                return made
        return None

    def type(self, number: int) -> Type:
        """The type of this id."""
        if number not in self._made:
            self._made[number] = self._make(number)
        return self._made[number]

    def _make(self, number: int) -> Type:
        if number == 0:
            return self._prog.void_type()
        at = self._places[number]
        name, info, last = self._unpack("III", at)
        at += 12
        kind, flag, count = info >> 24 & 0x1F, info >> 31, info & 0xFFFF
        tag = self._name(name) or None
        if kind in _QUALIFIERS:
            inner = self.type(last)
            return inner.qualified(inner.qualifiers | _QUALIFIERS[kind])
        if kind == _TYPE_TAG:
            return self.type(last)
        if kind == _INT:
            encoding = self._unpack("I", at)[0] >> 24
            if encoding & 4:
                return self._prog.bool_type(tag, last)
            return self._prog.int_type(tag, last, bool(encoding & 1))
        if kind == _FLOAT:
            return self._prog.float_type(tag, last)
        if kind == _PTR:
            return self._prog.pointer_type(self.type(last))
        if kind == _TYPEDEF:
            return self._prog.typedef_type(tag, self.type(last))
        if kind == _ARRAY:
            element, _, length = self._unpack("III", at)
            return self._prog.array_type(self.type(element), length)
        if kind == _FWD:
            return self._prog.union_type(tag) if flag else self._prog.struct_type(tag)
        if kind in (_STRUCT, _UNION):
            make = self._prog.struct_type if kind == _STRUCT else self._prog.union_type
            members = [self._member(at + 12 * i, flag) for i in range(count)]
            return make(tag, last, members)
        if kind in (_ENUM, _ENUM64):
            values = [TypeEnumerator(*one) for one in self._enumerators(at, kind, flag, count)]
            number_type = self._prog.int_type("int" if flag else "unsigned int", last, bool(flag))
            return self._prog.enum_type(tag, number_type, values)
        if kind == _FUNC_PROTO:
            parameters = [self._unpack("II", at + 8 * i) for i in range(count)]
            variadic = bool(parameters) and parameters[-1] == (0, 0)
            named = parameters[:-1] if variadic else parameters
            return self._prog.function_type(
                self.type(last),
                [TypeParameter(self._later(one), self._name(text) or None) for text, one in named],
                variadic,
            )
        raise ValueError(f"type {number}: kind {kind} is none that a variable has")

    def _member(self, at: int, has_bits: int) -> TypeMember:
        name, number, offset = self._unpack("III", at)
        bits = offset >> 24 if has_bits else 0
        if has_bits:
            offset &= 0xFFFFFF
        make = self._later(number)
        if bits:
            make = lambda: Object(self._prog, self.type(number), bit_field_size=bits)
        return TypeMember(make, self._name(name) or None, offset)

    def _later(self, number: int):
        return lambda: self.type(number)

    def _enumerators(self, at: int, kind: int, signed: int, count: int):
        for i in range(count):
            if kind == _ENUM:
                name, value = self._unpack("Ii" if signed else "II", at + 8 * i)
            else:
                name, low, high = self._unpack("IIi" if signed else "III", at + 12 * i)
                value = high << 32 | low
            yield self._name(name), value

    def enumerator(self, name: str):
        """The constant of this name of any enum, or None."""
        if f"\0{name}\0".encode() not in self._strings:
            return None
        for number, at in enumerate(self._places[1:], 1):
            info = self._unpack("I", at + 4)[0]
            kind = info >> 24 & 0x1F
            if kind not in (_ENUM, _ENUM64):
                continue
            for text, value in self._enumerators(at + 12, kind, info >> 31, info & 0xFFFF):
                if text == name:
                    return Object(self._prog, self.type(number), value)
        return None
