import { claimedParts } from '@btf-depot/contracts';
import { kernelRecord } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import {
  assigned,
  at,
  depot,
  farm,
  load,
  part,
  refusal,
  shaOf,
  stranger,
  symbols,
  token,
  vars,
  type Sent,
} from '../testing/owned-kernel.ts';

describe('a stranger', () => {
  test('does not replace variables by more, or by others', () => {
    const { send, held } = depot();
    send(farm, { vars: vars('v') });
    const before = held.record;
    for (const theirs of [vars('more', 4), vars('swapped', 3)]) {
      expect(() => send(stranger, { claim: true, vars: theirs })).toThrow(refusal('not-owner'));
      expect(() => send(stranger, { vars: theirs })).toThrow(/variables: farm sent/);
    }
    expect(held.record).toEqual(before);
  });

  test('who pins load facts, does so until the owner’s come', () => {
    const { send } = depot();
    send(farm);
    send(stranger, { claim: true, carrier: load('wrong') });
    const settled = send(farm, { claim: true, carrier: load('6.12') });
    expect(settled?.carrier).toMatchObject({ by: 'farm', load: { vermagic: '6.12' } });
    expect(() => send(stranger, { claim: true, carrier: load('wrong') })).toThrow(
      refusal('not-owner'),
    );
  });

  test('does not keep the depot from making carriers by what its file says of links', () => {
    const { send } = depot();
    send(farm);
    const links = [{ section: '.BTF.inline.link', content: '00' }];
    const record = send(stranger, { carrier: { loadable: false, links }, symbols: symbols('s') });
    expect(record?.carrier).not.toHaveProperty('links');
  });

  test('gives a kernel no ksyms by symbols of its own, whatever they are known from', () => {
    const ksymsOf = (seed: string) =>
      ({ ...part(seed), variables: 1, leftOut: {}, layout: part(`${seed} layout`) }) as object;
    const own = { vars: vars('v'), symbols: symbols('s'), ksyms: ksymsOf('k') } as Sent;
    const theirs = { vars: vars('v'), symbols: symbols('x'), ksyms: ksymsOf('y') } as Sent;
    const { send } = depot(depot().send(farm, own));
    expect(() => send(stranger, theirs)).toThrow(refusal('not-owner'));
    const { send: bare } = depot(depot().send(farm));
    const told = bare(stranger, theirs);
    expect(told?.parts).not.toHaveProperty('ksyms');
    expect(told).toMatchObject({
      parts: {
        symbols: { by: 'stranger', claimed: true },
        layout: { by: 'stranger', claimed: true, sha256: part('y layout').sha256 },
      },
      carrier: { why: 'no-symbol-table' },
    });
    // What the owner splits by the stranger's symbols rests on them all the same.
    const split = { vars: vars('v'), ksyms: ksymsOf('y') } as Sent;
    expect(bare(farm, split)?.parts).not.toHaveProperty('ksyms');
    expect(bare(farm, { claim: true, ...own })?.parts.ksyms).toMatchObject({ by: 'farm' });
  });

  test('who squats, with a claim or with a kernel, does not lock out the farm', () => {
    for (const claim of [{ claim: true } as const, {}]) {
      for (const core of ['core', 'wrong']) {
        const { send } = depot();
        send(stranger, { ...claim, core, vars: vars('w', 99) }, { distro: 'elsewhere' });
        const taken = send(assigned);
        expect(taken).toMatchObject({ owner: { principal: 'assigned' }, distro: 'debian' });
        const whole = send(assigned, { vars: vars('v') });
        expect(whole?.parts.vars).toMatchObject({ by: 'assigned', ...shaOf('v') });
        expect(whole && claimedParts(whole)).toEqual([]);
      }
    }
  });

  test('does not take over an expired kernel', () => {
    const { send, held } = depot(depot().send(farm));
    const withdrawal = { reason: 'over', at: at.toISOString(), expired: true } as const;
    held.record = { ...kernelRecord(held.record), state: 'withdrawn', withdrawal };
    expect(() => send(stranger, { core: 'other' })).toThrow(refusal('core-conflict'));
    expect(send(stranger)).toMatchObject({ state: 'compressing', owner: { principal: 'farm' } });
  });

  test("does not extend the time of the owner's kernel, unless it sends a kernel", () => {
    const { send } = depot();
    const keptUntil = '2026-05-05T00:00:00Z';
    send(farm, {}, { keptUntil });
    expect(send(stranger, { claim: true, symbols: symbols('s') })).toMatchObject({ keptUntil });
    expect(send(token('mirror'))).not.toHaveProperty('keptUntil');
  });
});
