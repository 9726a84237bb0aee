import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeptTrustRoots, Policy, TrustRootFacts, TrustRootSource } from '@gantry/core';
import { coreError } from '@gantry/core';
import { digestOf } from '@gantry/oci';
import { checkTrustRoots } from './trust-checks.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-01-10T00:00:00Z');
const digest = digestOf(new Uint8Array());

/** A policy whose entries rest on these trust roots. */
function policyOf(...sources: readonly TrustRootSource[]): Policy {
  const list = sources.map((trustRoot, index) => ({
    scope: `registry.example/${index}`,
    require: 'cosign' as const,
    source: 'test',
    signatures: {
      ...{ keys: [], identities: [], threshold: 1, claims: {}, trustRoot },
      ...({ log: 'none', timestamp: 'none', ct: 'none', subject: 'either' } as const),
    },
  }));
  return { fallback: 'digest', lists: [list] };
}

/** Trust roots of which this is at hand. Asking anybody is a mistake. */
function rootsOf(
  facts: Partial<TrustRootFacts> | undefined,
  state: { stale: boolean; goodUntil?: number },
): KeptTrustRoots {
  const never = (): never => {
    throw new Error('nobody is asked');
  };
  const root = { mediaType: '', tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
  const versions = { root: 1, timestamp: 1, snapshot: 1, targets: 1 };
  const known = { name: 'mirror', digest, checked: NOW, expires: NOW, versions, ...facts };
  return {
    load: never,
    update: never,
    target: never,
    digestAtHand: never,
    atHand: async () => (facts === undefined ? undefined : { digest, name: 'mirror', root, ...state }),
    facts: async (source) => (source.type === 'file' ? undefined : known),
  };
}

test('C12: doctor tells how old the trust roots of the policy are, and when they end', async () => {
  const mirror = 'https://tuf.example';
  const tuf: TrustRootSource = { type: 'tuf', mirror, root: '/root.json' };
  const cases: readonly (readonly [
    name: string,
    source: TrustRootSource,
    roots: KeptTrustRoots,
    state: string,
    says: RegExp,
  ])[] = [
    ['keys', { type: 'none' }, rootsOf(undefined, { stale: false }), 'ok', /keys need none/],
    ['nothing yet', { type: 'public' }, rootsOf(undefined, { stale: false }), 'warning', /not at hand yet/],
    ['a file', { type: 'file', path: '/root.json' }, rootsOf({}, { stale: false }), 'ok', /^\/root\.json is at hand/],
    [
      'fresh',
      tuf,
      rootsOf({ checked: NOW - 5 * HOUR, expires: NOW + 72 * HOUR }, { stale: false }),
      'ok',
      /^https:\/\/tuf\.example: confirmed 5 h ago, expires in 3 days$/,
    ],
    [
      'expired, in its grace',
      tuf,
      rootsOf({ checked: NOW - 96 * HOUR, expires: NOW - HOUR }, { stale: true, goodUntil: NOW + HOUR }),
      'warning',
      /confirmed 4 days ago, expired 60 min ago$/,
    ],
    [
      'expired for good',
      tuf,
      rootsOf({ expires: NOW - 96 * HOUR }, { stale: true, goodUntil: NOW - HOUR }),
      'problem',
      /expired 4 days ago; nothing new can be verified with it$/,
    ],
  ];
  for (const [name, source, roots, state, says] of cases) {
    const [check, ...more] = await checkTrustRoots(policyOf(source, source), roots, { now: () => NOW }, {});
    assert.deepEqual([check?.state, more], [state, []], name);
    assert.match(check?.message ?? '', says, name);
    assert.equal(check?.hint === null, state === 'ok', name);
  }
});

test('doctor: a trust root that cannot be read is a problem, and none is needed without trust entries', async () => {
  const damaged: KeptTrustRoots = {
    ...rootsOf({}, { stale: false }),
    atHand: async () => {
      throw coreError('SIGNATURE_TRUST_ROOT', '/root.json: not JSON');
    },
  };
  const policy = policyOf({ type: 'file', path: '/root.json' });
  const [check] = await checkTrustRoots(policy, damaged, { now: () => NOW }, {});
  assert.deepEqual([check?.state, check?.message], ['problem', '/root.json: not JSON (SIGNATURE_TRUST_ROOT)']);
  const [none] = await checkTrustRoots({ fallback: 'digest', lists: [] }, damaged, { now: () => NOW }, {});
  assert.equal(none?.state, 'ok');
});
