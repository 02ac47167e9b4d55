import { claimedParts } from '@btf-depot/contracts';
import { kernelRecord, memoryStores } from '@btf-depot/testing';
import { describe, expect, test } from 'vitest';
import { updateRecord } from '../record/update-record.ts';
import { type Actor, judgeWithdrawal, LOCAL_ACTOR } from './ownership.ts';
import {
  assigned,
  buildId,
  depot,
  farm,
  given,
  ksymsPart,
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

describe('the twelve rules', () => {
  test('1: a principal is the owner of its token, or local without tokens', () => {
    const { send } = depot();
    expect(send(LOCAL_ACTOR)).toMatchObject({ owner: { principal: 'local', rank: 'token' } });
    const { send: other } = depot();
    expect(other(farm)).toMatchObject({ owner: { principal: 'farm', rank: 'token' } });
    // Two tokens of one farm.
    expect(other(token('farm'), { vars: vars('v') })?.parts.vars).not.toHaveProperty('claimed');
  });

  test('2: an operator’s word outranks a token, that an import, that what a depot pulls', () => {
    const order = [token('upstream:u'), token('import:i'), farm, assigned];
    for (const [height, lower] of order.entries()) {
      for (const higher of order.slice(height + 1)) {
        const { send } = depot();
        send(lower);
        expect(send(higher, { core: 'other' })).toMatchObject({
          owner: { principal: higher.principal },
          core: shaOf('other'),
        });
        expect(() => send(lower)).toThrow(refusal('core-conflict'));
      }
    }
    const prefixed = token('prefixed', { buildIdPrefix: buildId.slice(0, 2) });
    expect(depot(depot().send(farm)).send(prefixed)?.owner).toEqual({
      principal: 'prefixed',
      rank: 'assigned',
    });
  });

  test('3: a kernel with its note and core inside counts more than any claim', () => {
    const { send } = depot();
    send(stranger, { core: 'wrong', claim: true });
    expect(send(farm)).toMatchObject({ owner: { principal: 'farm' }, core: shaOf('core') });
    expect(() => send(stranger, { core: 'wrong', claim: true })).toThrow(refusal('core-conflict'));
  });

  test('3: but no kernel of a lower rank replaces what a higher one claims', () => {
    const { send } = depot();
    send(assigned, { claim: true });
    expect(() => send(stranger, { core: 'wrong' })).toThrow(refusal('core-conflict'));
    expect(send(stranger)).toMatchObject({ claimant: { principal: 'assigned' } });
  });

  test('4: the first kernel sets the owner, a claim makes a record that has none', () => {
    const { send } = depot();
    const claimed = send(stranger, { claim: true, vars: vars('v') });
    expect(claimed).toMatchObject({ claimant: { principal: 'stranger' } });
    expect(claimed).not.toHaveProperty('owner');
    expect(claimed && claimedParts(claimed)).toEqual(['core', 'vars']);
    const owned = send(farm);
    expect(owned).toMatchObject({ revision: 2, owner: { principal: 'farm' } });
    expect(owned).not.toHaveProperty('claimant');
    expect(owned && claimedParts(owned)).toEqual(['vars']);
  });

  test('5: a kernel replaces an unowned core; a higher rank takes a lower one’s kernel', () => {
    const { send } = depot();
    send(stranger, { core: 'wrong', claim: true, vars: vars('wrong', 9) });
    expect(send(farm)).toMatchObject({ revision: 2, core: shaOf('core'), parts: {} });
    const taken = send(assigned, { vars: vars('v') });
    expect(taken).toMatchObject({ owner: { principal: 'assigned' }, distro: 'debian' });
    expect(taken?.parts.vars).toMatchObject({ by: 'assigned', ...shaOf('v') });
  });

  test('5: what the former owner brought is a claim then, and its carriers go', () => {
    const { send } = depot();
    const ksyms = { ...ksymsPart, layout: part('layout') };
    send(stranger, { vars: vars('v'), ksyms, given: given('v', true) });
    const taken = send(assigned);
    expect(taken && claimedParts(taken)).toEqual(['vars', 'ksyms']);
    expect(taken?.carrier).not.toHaveProperty('given');
  });

  test('6: another core of an equal rank is refused, and the operator decides', () => {
    const { send } = depot();
    send(farm);
    expect(() => send(stranger, { core: 'other' })).toThrow(refusal('core-conflict'));
    expect(() => send(farm, { core: 'other' })).toThrow(/btfdepot owner set/);
  });

  test('7: the owner may bring any file in any order', () => {
    const files: Sent[] = [
      { vars: vars('v') },
      { claim: true, symbols: symbols('s') },
      { claim: true, carrier: load('6.12') },
      {},
    ];
    for (const first of files) {
      const { send } = depot(depot().send(farm));
      send(farm, first);
      for (const file of files) send(farm, file);
      const whole = send(farm, { vars: vars('fewer', 2) });
      expect(whole).toMatchObject({
        parts: { vars: shaOf('v'), symbols: shaOf('s') },
        carrier: { load: { vermagic: '6.12' } },
      });
      expect(whole && claimedParts(whole)).toEqual([]);
    }
  });

  test('7: also the kernel’s own core after one that was told from its full BTF', () => {
    const { send } = depot();
    send(farm, { core: 'partition', delivery: 'module', vars: vars('v') });
    expect(send(farm)).toMatchObject({ revision: 2, delivery: 'builtin', core: shaOf('core') });
  });

  test('8: others fill what is absent, as a claim, and the owner’s part replaces it', () => {
    const { send } = depot();
    send(farm);
    const filled = send(stranger, { claim: true, vars: vars('theirs', 9), symbols: symbols('t') });
    expect(filled).toMatchObject({
      owner: { principal: 'farm' },
      parts: {
        vars: { by: 'stranger', claimed: true },
        symbols: { by: 'stranger', claimed: true },
      },
    });
    const settled = send(farm, { vars: vars('v', 2), symbols: symbols('s') });
    expect(settled?.parts.vars).toMatchObject({ by: 'farm', variables: 2 });
    expect(settled && claimedParts(settled)).toEqual([]);
    expect(settled?.revision).toBe(3);
  });

  test('8: the owner makes a claim its own by bringing the same', () => {
    const { send } = depot();
    send(farm);
    send(stranger, { claim: true, vars: vars('v') });
    const settled = send(farm, { vars: vars('v') });
    // The manifest changes with it.
    expect(settled).toMatchObject({ revision: 3, state: 'compressing' });
    expect(settled && claimedParts(settled)).toEqual([]);
  });

  test('9: carriers are the owner’s, or of a signer that the owner has named', () => {
    const { send, held } = depot();
    const ksyms = { ...ksymsPart, layout: part('layout') };
    send(farm, { vars: vars('v'), ksyms });
    const signed = { claim: true, given: given('v', true) } as const;
    expect(() => send(stranger, signed)).toThrow(refusal('not-owner'));
    const owner = { principal: 'farm', rank: 'token', signers: ['signer'] };
    held.record = { ...kernelRecord(held.record), owner };
    const carried = send(token('signer'), signed);
    expect(carried?.carrier?.given).toMatchObject({ 'btf_vmlinux.ko': { by: 'signer' } });
    expect(() => send(farm, { claim: true, given: given('v', false) })).toThrow(
      refusal('carrier-conflict'),
    );
  });

  test('9: nobody brings carriers of a kernel that has no owner', () => {
    const { send } = depot();
    send(stranger, { claim: true, vars: vars('v') });
    expect(() => send(stranger, { claim: true, given: given('v', true) })).toThrow(
      refusal('not-owner'),
    );
  });

  test('10: the scopes replace and admin override, if that is asked for', () => {
    for (const scope of ['replace', 'admin']) {
      const { send } = depot();
      send(farm, { vars: vars('v', 9) });
      const actor = token('operator', { scopes: ['upload', scope] });
      expect(() => send(actor, { claim: true, vars: vars('w', 2) })).toThrow(refusal('not-owner'));
      const replace = { replace: true };
      expect(send(actor, { claim: true, vars: vars('w', 2) }, replace)).toMatchObject({
        owner: { principal: 'farm' },
        parts: { vars: { by: 'operator', ...shaOf('w') } },
      });
      expect(send(actor, { core: 'other' }, replace)).toMatchObject({
        owner: { principal: 'operator' },
        core: shaOf('other'),
      });
      expect(() => send(farm, {}, replace)).toThrow(refusal('forbidden'));
    }
  });

  test('10: the owner withdraws its kernel, and others with the scope', () => {
    const record = depot().send(farm);
    if (!record) throw new Error('no record');
    expect(() => {
      judgeWithdrawal(record, farm);
      judgeWithdrawal(record, token('other', { scopes: ['withdraw'] }));
    }).not.toThrow();
    for (const actor of [stranger, token('x', { scopes: ['withdraw'], distro: 'debian' })]) {
      expect(() => {
        judgeWithdrawal(record, actor);
      }).toThrow(refusal('forbidden'));
    }
    const claimed = depot().send(farm, { claim: true });
    expect(() => {
      judgeWithdrawal(claimed ?? record, farm);
    }).toThrow(refusal('forbidden'));
  });

  test('11: a limited token stamps its distribution on what it creates', () => {
    expect(depot().send(assigned)).toMatchObject({ distro: 'debian' });
    expect(depot().send(assigned, { claim: true })).toMatchObject({ distro: 'debian' });
    expect(() => depot().send(assigned, {}, { distro: 'ubuntu' })).toThrow(refusal('forbidden'));
    const prefixed = token('prefixed', { buildIdPrefix: 'zz' });
    expect(() => depot().send(prefixed)).toThrow(refusal('forbidden'));
  });

  test('11: and touches only records that carry it', () => {
    const ubuntu = token('ubuntu', { distro: 'ubuntu' });
    const { send } = depot();
    send(ubuntu);
    for (const sent of [{}, { core: 'other' }, { claim: true, vars: vars('v') } as const]) {
      expect(() => send(assigned, sent)).toThrow(refusal('forbidden'));
      expect(() => send(assigned, sent, { distro: 'debian' })).toThrow(refusal('forbidden'));
    }
    // Nobody else's word on the distribution changes it.
    expect(send(stranger, { vars: vars('v') }, { distro: 'debian' })).toMatchObject({
      distro: 'ubuntu',
    });
    const unlabelled = depot(depot().send(farm));
    expect(() => unlabelled.send(assigned, { claim: true, vars: vars('v') })).toThrow(
      refusal('forbidden'),
    );
  });

  test('12: each part says who brought it, and each file who sent it', () => {
    const { send } = depot();
    send(farm);
    const record = send(stranger, {
      claim: true,
      vars: vars('v'),
      symbols: symbols('s'),
      carrier: load('6.12'),
    });
    expect(record).toMatchObject({
      core: { by: 'farm' },
      parts: {
        vars: { by: 'stranger', claimed: true },
        symbols: { by: 'stranger', claimed: true },
      },
      carrier: { by: 'stranger', claimed: true },
      sources: [{ by: 'farm' }, { by: 'stranger', claimed: true }],
    });
  });
});

test('of two first uploads at once the second is judged by the first', async () => {
  const { records } = memoryStores();
  const race = (core: string, actor: Actor) =>
    updateRecord(records, buildId, (current) => depot(current).send(actor, { core }));
  const [won, lost] = await Promise.allSettled([race('core', farm), race('other', stranger)]);
  expect(won.status).toBe('fulfilled');
  expect(lost).toMatchObject({ status: 'rejected', reason: refusal('core-conflict') });
  expect((await records.get(buildId))?.record).toMatchObject({ owner: { principal: 'farm' } });
});

describe('a record of before owners were recorded', () => {
  const old = (uploader?: string, kind = 'elf') => {
    const record = kernelRecord({ buildId });
    const sent = uploader === undefined ? { kind } : { kind, uploader };
    const sources = record.sources.map((source) => ({ ...source, ...sent }));
    return depot({ ...record, sources, parts: { vars: oldVars }, carrier, state: 'ready' });
  };
  const carrier = { loadable: false, moduleName: 'btf_vmlinux', signed: false };
  const oldVars = {
    sha256: part('v').sha256,
    size: 64,
    types: 1,
    variables: 3,
    origin: 'full' as const,
    baseSha256: part('core').sha256,
  };

  test('is of the token that sent its first kernel, or local', () => {
    const { send } = old('0123456789abcdef');
    expect(() => send(stranger, { vars: vars('w', 9) })).toThrow(refusal('not-owner'));
    const record = send(token('0123456789abcdef'), { vars: vars('w', 9) });
    expect(record).toMatchObject({ owner: { principal: '0123456789abcdef', rank: 'token' } });
    expect(record?.parts.vars).toMatchObject(shaOf('w'));
    expect(old().send(LOCAL_ACTOR)).toMatchObject({ revision: 1, owner: { principal: 'local' } });
  });

  test('has no owner where it was sent as BTF by itself', () => {
    const record = old('0123456789abcdef', 'btf').send(farm, { vars: vars('w', 2) });
    expect(record).toMatchObject({ owner: { principal: 'farm' } });
    expect(record?.parts.vars).toMatchObject({ by: 'farm', ...shaOf('w') });
  });
});
