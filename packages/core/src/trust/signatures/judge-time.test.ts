import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BundleOptions, flipped, labAuthority, labKeyPair } from '@gantry/testkit';
import type { SignatureRequirement } from '../requirement.ts';
import { judgeSignature } from './judge-signature.ts';
import { bundleOf, byKeys, keyless, loaded, NOON, noonLab, question, simpleOf } from './judging.fixture.ts';
import { assertRefused } from './refused.fixture.ts';

const SKEW = 300_000;
const STAMPS = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps';

test('C11: which times count for which requirement', async () => {
  const stamped: BundleOptions = {};
  const logged: BundleOptions = { log: 'v1' };
  const both: BundleOptions = { log: 'v1', tsa: true };
  const neither: BundleOptions = { tsa: false };
  const unsigned: BundleOptions = { log: 'v1', logOptions: { promise: false } };
  const table: readonly (readonly [name: string, BundleOptions, Record<SignatureRequirement['timestamp'], string>])[] =
    [
      ['stamp', stamped, { log: 'none', tsa: 'tsa', any: 'tsa', none: 'tsa' }],
      ['log', logged, { log: 'log', tsa: 'none', any: 'log', none: 'log' }],
      ['both', both, { log: 'log', tsa: 'log', any: 'log', none: 'log' }],
      ['neither', neither, { log: 'none', tsa: 'none', any: 'none', none: 'none' }],
      ['time without promise', unsigned, { log: 'none', tsa: 'none', any: 'none', none: 'none' }],
    ];
  for (const [name, options, expected] of table) {
    for (const timestamp of ['log', 'tsa', 'any', 'none'] as const) {
      const lab = noonLab();
      const asked = question(keyless({ timestamp }), loaded(lab.trustedRoot));
      const document = bundleOf(lab, options);
      const what = `${name}, ${timestamp}`;
      if (expected[timestamp] === 'none') {
        const message = /expected a time of signing from .*, found none/;
        await assertRefused(document, asked, { code: 'SIGNATURE_TIME', message }, what);
      } else {
        assert.equal((await judgeSignature(document, asked)).timeSource, expected[timestamp], what);
      }
    }
  }
});

test('a certificate without log and timestamp in the policy cannot be judged', async () => {
  const lab = noonLab();
  const asked = question(keyless({ log: 'none', timestamp: 'none' }), loaded(lab.trustedRoot));
  await assertRefused(bundleOf(lab), asked, { code: 'SIGNATURE_TIME', message: /the policy asks for none/ });
});

test('C11: the time of signing may lie in the future by the skew of clocks, and no more', async () => {
  for (const options of [{ tsa: { time: NOON } }, { log: 'v1', logOptions: { time: NOON } }] as const) {
    const lab = noonLab();
    const document = bundleOf(lab, options);
    const asked = (now: number): ReturnType<typeof question> => question(keyless(), loaded(lab.trustedRoot), { now });
    for (const now of [NOON - SKEW, NOON, NOON + 86_400_000, Date.UTC(2038, 0, 20)]) {
      assert.equal((await judgeSignature(document, asked(now))).time, NOON);
    }
    for (const now of [NOON - SKEW - 1, NOON - 86_400_000, 0]) {
      await assertRefused(document, asked(now), {
        code: 'SIGNATURE_TIME',
        message: /lies in the future: 2026-03-01T12:00:00\.000Z/,
      });
    }
  }
});

test('the skew of clocks is a limit', async () => {
  const lab = noonLab();
  const document = bundleOf(lab);
  const asked = (now: number): ReturnType<typeof question> => question(keyless(), loaded(lab.trustedRoot), { now });
  const op = { limits: { clockSkew: 1000 } };
  await judgeSignature(document, asked(NOON - 1000), op);
  await assert.rejects(judgeSignature(document, asked(NOON - 1001), op), { code: 'SIGNATURE_TIME' });
});

test('C11: of several trusted times the earliest is the time of signing', async () => {
  for (const [stamp, source] of [
    [NOON - 1000, 'tsa'],
    [NOON + 1000, 'log'],
  ] as const) {
    const lab = noonLab();
    const document = bundleOf(lab, { log: 'v1', tsa: { time: stamp }, identity: { notBefore: NOON - 2000 } });
    const accepted = await judgeSignature(document, question(keyless(), loaded(lab.trustedRoot)));
    assert.equal(accepted.time, Math.min(NOON, stamp));
    assert.equal(accepted.timeSource, source);
  }
});

test('a stamp over another signature is refused, also where none is required', async () => {
  const lab = noonLab();
  const other = lab.timestamp(Buffer.from('another signature')).toString('base64');
  for (const timestamp of ['any', 'tsa', 'log', 'none'] as const) {
    const asked = question(keyless({ timestamp }), loaded(lab.trustedRoot));
    await assertRefused(
      bundleOf(lab, { log: 'v1', tsa: true, edits: { [`${STAMPS}.0.signedTimestamp`]: () => other } }),
      asked,
      {
        code: 'SIGNATURE_TIME',
        message: /could not be verified/,
      },
    );
  }
});

test('C6: the same stamp twice is refused', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const twice = (old: unknown): unknown => (Array.isArray(old) ? [...old, ...old] : old);
  await assertRefused(bundleOf(lab, { edits: { [STAMPS]: twice } }), asked, {
    code: 'SIGNATURE_TIME',
    message: /duplicate timestamp/,
  });
});

test('a stamp of an authority that the trust root does not name counts for nothing', async () => {
  const lab = noonLab();
  const stranger = labAuthority('stranger', NOON, { use: 'timeStamping', keyType: 'P-256' });
  const asked = (timestamp: SignatureRequirement['timestamp']): ReturnType<typeof question> =>
    question(keyless({ timestamp }), loaded(lab.trustedRoot));
  for (const embedCertificate of [false, true]) {
    const tsa = { signedBy: stranger, embedCertificate, time: NOON - 1000 };
    await assertRefused(bundleOf(lab, { tsa }), asked('any'), { code: 'SIGNATURE_TIME', message: /found none/ });
    await assertRefused(bundleOf(lab, { log: 'v1', tsa }), asked('tsa'), {
      code: 'SIGNATURE_TIME',
      message: /from a timestamp authority, found none/,
    });
    assert.equal((await judgeSignature(bundleOf(lab, { log: 'v1', tsa }), asked('any'))).time, NOON);
  }
});

test('an authority of the same name and serial number as one of the trust root is found out', async () => {
  const lab = noonLab();
  const impostor = { ...lab.tsa, ...labKeyPair() };
  const asked = question(keyless(), loaded(lab.trustedRoot));
  await assertRefused(bundleOf(lab, { tsa: { signedBy: impostor } }), asked, {
    code: 'SIGNATURE_TIME',
    message: /could not be verified/,
  });
});

test('one of several timestamp authorities is enough', async () => {
  const lab = noonLab();
  const others = loaded(noonLab().trustedRoot).root.timestampAuthorities;
  for (const more of [[...others], []]) {
    const trustRoot = loaded(lab.trustedRoot);
    trustRoot.root.timestampAuthorities = [...more, ...trustRoot.root.timestampAuthorities, ...others];
    assert.equal((await judgeSignature(bundleOf(lab), question(keyless(), trustRoot))).timeSource, 'tsa');
  }
});

test('authorities are told apart by name and by serial number', async () => {
  const lab = noonLab();
  const namesake = {
    ...labAuthority('lab tsa', NOON, { use: 'timeStamping', keyType: 'P-256' }),
    issuer: lab.tsa.issuer,
  };
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const sibling = { ...labAuthority('other', NOON, { use: 'timeStamping', keyType: 'P-256' }), serial: lab.tsa.serial };
  for (const signedBy of [namesake, sibling]) {
    const accepted = await judgeSignature(bundleOf(lab, { log: 'v1', tsa: { signedBy, time: NOON - 5000 } }), asked);
    assert.equal(accepted.timeSource, 'log');
  }
});

test('a timestamp authority counts in its time only', async () => {
  for (const [validFor, good] of [
    [{ start: new Date(NOON) }, true],
    [{ start: new Date(NOON + 1000) }, false],
    [{ start: new Date(0), end: new Date(NOON) }, true],
    [{ start: new Date(0), end: new Date(NOON - 1000) }, false],
  ] as const) {
    const lab = noonLab();
    const trustRoot = loaded(lab.trustedRoot);
    for (const authority of trustRoot.root.timestampAuthorities) authority.validFor = { end: undefined, ...validFor };
    const judged = judgeSignature(bundleOf(lab), question(keyless(), trustRoot));
    if (good) await judged;
    else await assert.rejects(judged, { code: 'SIGNATURE_TIME' });
  }
});

test('a key signs at a trusted time as well, when the policy wants one', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const trustRoot = loaded(lab.trustedRoot);
  const wanted = (changes: Partial<SignatureRequirement>): ReturnType<typeof question> =>
    question(byKeys([key], changes), trustRoot);
  const stamped = await judgeSignature(bundleOf(lab, { key, tsa: true }), wanted({ timestamp: 'tsa' }));
  assert.deepEqual([stamped.time, stamped.timeSource, stamped.log], [NOON, 'tsa', undefined]);
  const logged = await judgeSignature(simpleOf(lab, { key, log: 'v1' }), wanted({ log: 'required', timestamp: 'log' }));
  assert.deepEqual([logged.time, logged.timeSource, logged.log?.verified], [NOON, 'log', true]);
  const plain = bundleOf(lab, { key });
  await assertRefused(plain, wanted({ timestamp: 'any' }), { code: 'SIGNATURE_TIME', message: /found none/ });
  await assertRefused(plain, wanted({ log: 'required' }), { code: 'SIGNATURE_LOG', message: /found none/ });
});

test('a key without a trust root: what is there is compared and confirms nothing', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const document = simpleOf(lab, { key, log: 'v1', tsa: true });
  const accepted = await judgeSignature(document, question(byKeys([key]), undefined));
  assert.deepEqual(accepted.log, { index: '1000', id: lab.logV1.id.toString('hex'), verified: false });
  assert.equal('time' in accepted, false);
  for (const changes of [
    { log: 'required' },
    { timestamp: 'log' },
    { timestamp: 'tsa' },
    { timestamp: 'any' },
  ] as const) {
    await assertRefused(document, question(byKeys([key], changes), undefined), {
      code: 'SIGNATURE_TRUST_ROOT',
      message: /no trust root confirms one/,
    });
  }
});

test('a key without log entry and stamp needs nothing of a trust root, not even a good one', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const broken = loaded(lab.trustedRoot);
  for (const log of broken.root.tlogs) if (log.publicKey) log.publicKey.rawBytes = Buffer.from('no key');
  const asked = question(byKeys([key]), broken);
  assert.equal((await judgeSignature(bundleOf(lab, { key }), asked)).log, undefined);
  await assertRefused(bundleOf(lab, { key, tsa: true }), asked, {
    code: 'SIGNATURE_TRUST_ROOT',
    message: /cannot be read/,
  });
  await assertRefused(bundleOf(lab, { key, log: 'v1' }), asked, {
    code: 'SIGNATURE_TRUST_ROOT',
    message: /cannot be read/,
  });
});

test('evidence of a key that is not required is verified where there is a trust root', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const asked = question(byKeys([key]), loaded(lab.trustedRoot));
  const good = await judgeSignature(bundleOf(lab, { key, log: 'v1' }), asked);
  assert.deepEqual([good.log?.verified, good.time], [true, NOON]);
  await assertRefused(
    bundleOf(lab, { key, tsa: true, edits: { [`${STAMPS}.0.signedTimestamp`]: flipped(150) } }),
    asked,
    {
      code: 'SIGNATURE_TIME',
      message: /could not be verified/,
    },
  );
});
