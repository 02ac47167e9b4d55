import { infoKind, infoVlen, Kind, kindName } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { ByteSink } from './byte-sink.ts';
import { encodingLabel, enum64Value, isPlainReference, linkageLabel } from './labels.ts';

const QUOTE = 0x27;

/**
 * The own types as `bpftool btf dump file F format raw` prints them, byte for byte, with `(anon)`
 * for no name. Kinds that bpftool does not know are printed in its manner.
 */
export function dumpRaw(btf: Btf): Uint8Array {
  const dumper = new RawDumper(btf);
  for (let id = btf.firstId; id < btf.endId; id++) dumper.type(id);
  return dumper.finish();
}

class RawDumper {
  readonly #btf: Btf;
  readonly #out: ByteSink;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#out = new ByteSink(btf.bytes.length * 3);
  }

  finish(): Uint8Array {
    return this.#out.finish();
  }

  type(id: number): void {
    const out = this.#out;
    const { words, positions, firstId } = this.#btf;
    const at = positions[id - firstId];
    const info = words[at + 1];
    const kind = infoKind(info);
    const vlen = infoVlen(info);
    const third = words[at + 2];
    out.text('[').number(id).text('] ').text(kindName(kind)).byte(0x20);
    this.#quoted(words[at]);
    if (isPlainReference(kind)) {
      out.text(' type_id=').number(third);
    } else {
      this.#body(kind, vlen, info >>> 31 === 1, third, at + 3);
    }
    out.byte(0x0a);
  }

  #body(kind: number, vlen: number, kflag: boolean, third: number, tail: number): void {
    const out = this.#out;
    const { words } = this.#btf;
    switch (kind) {
      case Kind.INT: {
        const data = words[tail];
        out
          .text(' size=')
          .number(third)
          .text(' bits_offset=')
          .number((data >>> 16) & 0xff);
        out.text(' nr_bits=').number(data & 0xff);
        out.text(' encoding=').text(encodingLabel((data >>> 24) & 0xf));
        return;
      }
      case Kind.FLOAT:
        out.text(' size=').number(third);
        return;
      case Kind.ARRAY:
        out.text(' type_id=').number(words[tail]);
        out.text(' index_type_id=').number(words[tail + 1]);
        out.text(' nr_elems=').number(words[tail + 2]);
        return;
      case Kind.STRUCT:
      case Kind.UNION:
        out.text(' size=').number(third).text(' vlen=').number(vlen);
        this.#members(tail, vlen, kflag);
        return;
      case Kind.ENUM:
      case Kind.ENUM64:
        out.text(kflag ? ' encoding=SIGNED' : ' encoding=UNSIGNED');
        out.text(' size=').number(third).text(' vlen=').number(vlen);
        this.#values(kind === Kind.ENUM64, tail, vlen, kflag);
        return;
      case Kind.FWD:
        out.text(kflag ? ' fwd_kind=union' : ' fwd_kind=struct');
        return;
      case Kind.FUNC:
        out.text(' type_id=').number(third).text(' linkage=').text(linkageLabel(vlen));
        return;
      case Kind.FUNC_PROTO:
        out.text(' ret_type_id=').number(third).text(' vlen=').number(vlen);
        for (let i = 0, word = tail; i < vlen; i++, word += 2) {
          out.text('\n\t');
          this.#quoted(words[word]);
          out.text(' type_id=').number(words[word + 1]);
        }
        return;
      case Kind.VAR:
        out.text(' type_id=').number(third).text(', linkage=').text(linkageLabel(words[tail]));
        return;
      case Kind.DATASEC:
        out.text(' size=').number(third).text(' vlen=').number(vlen);
        this.#variables(tail, vlen);
        return;
      case Kind.DECL_TAG:
        out
          .text(' type_id=')
          .number(third)
          .text(' component_idx=')
          .signed(words[tail] | 0);
        return;
      default:
        out.text(' size=').number(third).text(' vlen=').number(vlen);
        this.#sites(kind, tail, vlen);
    }
  }

  #members(word: number, count: number, kflag: boolean): void {
    const out = this.#out;
    const { words } = this.#btf;
    for (let i = 0; i < count; i++, word += 3) {
      const offset = words[word + 2];
      out.text('\n\t');
      this.#quoted(words[word]);
      out.text(' type_id=').number(words[word + 1]);
      out.text(' bits_offset=').number(kflag ? offset & 0xffffff : offset);
      if (kflag && offset >>> 24 !== 0) out.text(' bitfield_size=').number(offset >>> 24);
    }
  }

  #values(wide: boolean, word: number, count: number, signed: boolean): void {
    const out = this.#out;
    const { words } = this.#btf;
    for (let i = 0; i < count; i++, word += wide ? 3 : 2) {
      out.text('\n\t');
      this.#quoted(words[word]);
      out.text(' val=');
      if (wide) {
        const value = enum64Value(words[word + 1], words[word + 2], signed);
        out.text(String(value)).text(signed ? 'LL' : 'ULL');
      } else if (signed) out.signed(words[word + 1] | 0);
      else out.number(words[word + 1]);
    }
  }

  #variables(word: number, count: number): void {
    const out = this.#out;
    const btf = this.#btf;
    const { words } = btf;
    for (let i = 0; i < count; i++, word += 3) {
      const type = words[word];
      out.text('\n\ttype_id=').number(type);
      out
        .text(' offset=')
        .number(words[word + 1])
        .text(' size=')
        .number(words[word + 2]);
      out
        .text(' (')
        .text(kindName(btf.kind(type)))
        .byte(0x20);
      this.#quoted(btf.nameOffset(type));
      out.byte(0x29);
    }
  }

  /** Kinds of inlined-call sites. */
  #sites(kind: number, word: number, count: number): void {
    const out = this.#out;
    const { words } = this.#btf;
    if (kind === Kind.LOC_PARAM) {
      out.text(' flags=').number(words[word]);
      for (let i = 1; i <= count; i++) out.text('\n\tvalue=').number(words[word + i]);
    } else if (kind === Kind.LOC_PROTO) {
      for (let i = 0; i < count; i++) out.text('\n\ttype_id=').number(words[word + i]);
    } else if (kind === Kind.LOCSEC) {
      for (let i = 0; i < count; i++, word += 3) {
        out.text('\n\tfunc_type_id=').number(words[word]);
        out.text(' loc_proto_type_id=').number(words[word + 1]);
        out.text(' offset=').number(words[word + 2]);
      }
    }
  }

  #quoted(offset: number): void {
    const out = this.#out.byte(QUOTE);
    const { strings, stringStart } = this.#btf;
    if (offset === 0) out.text('(anon)');
    else if (offset >= stringStart) out.cString(strings, offset - stringStart);
    else {
      const { strings: table, stringStart: start } = this.#stringOwner(offset);
      out.cString(table, offset - start);
    }
    out.byte(QUOTE);
  }

  #stringOwner(offset: number): Btf {
    let level = this.#btf;
    while (level.base && offset < level.stringStart) level = level.base;
    return level;
  }
}
