import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CertificateRequest,
  KeyUse,
  labAuthority,
  labKeyPair,
  type SigstoreLab,
  type X509Extension,
} from '@gantry/testkit';
import type { SignatureRequirement } from '../requirement.ts';
import { judgeSignature } from './judge-signature.ts';
import { bundleOf, keyless, loaded, NOON, noonLab, question, simpleOf } from './judging.fixture.ts';
import { assertRefused, type ExpectedRefusal } from './refused.fixture.ts';

const MINUTE = 60_000;
const der = (tag: number, ...parts: readonly (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag, body.length]), body]);
};
const utf8 = (text: string): Buffer => der(0x0c, text);
const fulcio = (number: number, value: Buffer): X509Extension => ({ oid: `1.3.6.1.4.1.57264.1.${number}`, value });

async function refuse(lab: SigstoreLab, identity: CertificateRequest, refusal: ExpectedRefusal): Promise<void> {
  const asked = question(keyless(), loaded(lab.trustedRoot));
  await assertRefused(bundleOf(lab, { identity }), asked, refusal, 'bundle');
  await assertRefused(simpleOf(lab, { identity }), asked, refusal, '.sig');
}

const CERTIFICATES: Readonly<Record<string, readonly [request: CertificateRequest, message: RegExp, code?: string]>> = {
  'not for signing code': [{ uses: [KeyUse.serverAuth] }, /not for signing code/],
  'without extended key usage': [{ uses: [] }, /not for signing code/],
  'of an authority': [{ isCA: true }, /one of an authority/],
  'with two key usages': [
    { extensions: [{ oid: '2.5.29.15', critical: true, value: der(0x03, Buffer.from([5, 0x20])) }] },
    /2\.5\.29\.15 twice/,
  ],
  'with a critical extension that nobody knows': [
    { extensions: [{ oid: '1.2.3.4', critical: true, value: der(0x05) }] },
    /critical extension 1\.2\.3\.4/,
  ],
  'with an extension that is there twice': [
    { extensions: [fulcio(8, utf8('https://issuer.example'))] },
    /57264\.1\.8 twice/,
  ],
  'C3: without a name': [{ san: [] }, /expected one subject alternative name, found 0/],
  'C3: with two addresses': [
    { san: [{ email: 'release@example.com' }, { email: 'evil@example.com' }] },
    /expected one subject alternative name, found 2/,
  ],
  'C3: with an address and a URI': [
    { san: [{ email: 'release@example.com' }, { uri: 'https://evil.example' }] },
    /expected one subject alternative name, found 2/,
  ],
  'C3: with a host name': [{ san: { dns: 'release.example.com' } }, /expected a URI, an e-mail address/],
  'C3: with a NUL in the address': [{ san: { email: 'release@example.com\0.evil.example' } }, /not plain text/],
  'C3: with a line end in the address': [{ san: { email: 'release@example.com\n' } }, /not plain text/],
  'C3: with a user name that has a line end': [{ san: { otherName: 'release\n' } }, /not plain text/],
  'C3: with a user name that reads backwards': [{ san: { otherName: 'release\u202e!example' } }, /not plain text/],
  'C3: with an address that is not ASCII': [{ san: { email: 'rele\u0430se@example.com' } }, /is not ASCII/],
  'C3: with another name by another OID': [
    {
      san: [],
      extensions: [
        {
          oid: '2.5.29.17',
          value: der(0x30, der(0xa0, der(0x06, Buffer.from([0x2a, 3])), der(0xa0, utf8('release@example.com')))),
        },
      ],
    },
    /expected a URI, an e-mail address/,
  ],
  'C3: with a user name under the tag of another kind of name': [
    {
      san: [],
      extensions: [
        {
          oid: '2.5.29.17',
          value: der(
            0x30,
            der(
              0xa3,
              der(0x06, Buffer.from([0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 7])),
              der(0xa0, utf8('release@example.com')),
            ),
          ),
        },
      ],
    },
    /expected a URI, an e-mail address/,
  ],
  'C3: with a user name under a tag that has only the number of UTF8String': [
    {
      san: [],
      extensions: [
        {
          oid: '2.5.29.17',
          value: der(
            0x30,
            der(
              0xa0,
              der(0x06, Buffer.from([0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 7])),
              der(0xa0, der(0x8c, 'release@example.com')),
            ),
          ),
        },
      ],
    },
    /expected a URI, an e-mail address/,
  ],
  'C3: with a user name that is not UTF8String': [
    {
      san: [],
      extensions: [
        {
          oid: '2.5.29.17',
          value: der(
            0x30,
            der(
              0xa0,
              der(0x06, Buffer.from([0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 7])),
              der(0xa0, der(0x16, 'release@example.com')),
            ),
          ),
        },
      ],
    },
    /expected a URI, an e-mail address/,
  ],
  'C3: with a user name and more': [
    {
      san: [],
      extensions: [
        {
          oid: '2.5.29.17',
          value: der(
            0x30,
            der(
              0xa0,
              der(0x06, Buffer.from([0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 7])),
              der(0xa0, utf8('release@example.com'), utf8('evil')),
            ),
          ),
        },
      ],
    },
    /expected a URI, an e-mail address/,
  ],
  'C3: without an issuer': [{ issuer: {} }, /names no issuer/],
  'C3: with issuers that disagree': [
    { issuer: { v1: 'https://issuer.example', v2: 'https://evil.example' } },
    /two issuers: https:\/\/evil\.example and https:\/\/issuer\.example/,
  ],
  'C3: with an issuer that is empty': [{ issuer: { v1: '' } }, /not plain text/],
  'with an issuer that is not UTF8String': [
    { issuer: {}, extensions: [fulcio(8, der(0x13, 'https://issuer.example'))] },
    /57264\.1\.8 of the certificate is no UTF8String/,
  ],
  'with an issuer under a tag that has only the number of UTF8String': [
    { issuer: {}, extensions: [fulcio(8, der(0x8c, 'https://issuer.example'))] },
    /57264\.1\.8 of the certificate is no UTF8String/,
  ],
  'with an issuer that is not UTF-8': [
    { issuer: {}, extensions: [fulcio(8, der(0x0c, Buffer.from([0xff, 0xfe])))] },
    /not plain text/,
  ],
  'with a field that is not DER': [
    { extensions: [fulcio(14, Buffer.from('refs/heads/main'))] },
    /./,
    'SIGNATURE_MALFORMED',
  ],
  'C11: that had expired': [{ notBefore: NOON - 20 * MINUTE, notAfter: NOON - 1000 }, /certificate chain/],
  'C11: that was not valid yet': [{ notBefore: NOON + 1000, notAfter: NOON + 20 * MINUTE }, /certificate chain/],
  'of another authority of the same name': [
    { signedBy: labAuthority('lab fulcio', NOON, { pathLength: 0 }) },
    /certificate chain/,
  ],
  'without a promise of a certificate log': [{ sct: 'missing' }, /expected 1 SCTs/],
  'with a promise by another key': [{ sct: 'wrong-key' }, /SCT verification failed/],
};

for (const [name, [request, message, code = 'SIGNATURE_CERTIFICATE']] of Object.entries(CERTIFICATES)) {
  test(`a certificate is refused: ${name}`, async () => {
    await refuse(noonLab(), request, { code, message });
  });
}

test('C3: a user name is an identity, and only that very text', async () => {
  const lab = noonLab();
  const rule = { issuer: { exact: 'https://issuer.example' }, identity: { exact: 'release!example.com' } };
  const asked = question(keyless({ identities: [rule] }), loaded(lab.trustedRoot));
  const accepted = await judgeSignature(
    bundleOf(lab, { identity: { san: { otherName: 'release!example.com' } } }),
    asked,
  );
  assert.equal(accepted.identity, 'release!example.com');
});

test('C3: the issuer is taken from either extension', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  for (const issuer of [{ v1: 'https://issuer.example' }, { v2: 'https://issuer.example' }]) {
    assert.equal(
      (await judgeSignature(bundleOf(lab, { identity: { issuer } }), asked)).issuer,
      'https://issuer.example',
    );
  }
});

test('C11: a certificate is valid at its bounds, and not a second beyond them', async () => {
  for (const [offset, good] of [
    [-1000, false],
    [0, true],
    [5 * MINUTE, true],
    [10 * MINUTE, true],
    [10 * MINUTE + 1000, false],
  ] as const) {
    for (const options of [
      { tsa: { time: NOON + offset } },
      { log: 'v1', logOptions: { time: NOON + offset } },
    ] as const) {
      const lab = noonLab();
      const document = bundleOf(lab, { identity: { notBefore: NOON, notAfter: NOON + 10 * MINUTE }, ...options });
      const asked = question(keyless(), loaded(lab.trustedRoot));
      const refusal = { code: 'SIGNATURE_CERTIFICATE', message: /certificate chain/ };
      if (good) assert.equal((await judgeSignature(document, asked)).time, NOON + offset);
      else await assertRefused(document, asked, refusal, `${offset}`);
    }
  }
});

test('C11: all trusted times have to be in the time of the certificate', async () => {
  const lab = noonLab();
  const document = bundleOf(lab, { log: 'v1', tsa: { time: NOON + 11 * MINUTE } });
  const asked = question(keyless(), loaded(lab.trustedRoot));
  await assertRefused(document, asked, { code: 'SIGNATURE_CERTIFICATE', message: /certificate chain/ });
});

test('a certificate authority counts in its time only', async () => {
  for (const [validFor, good] of [
    [{ start: new Date(NOON) }, true],
    [{ start: new Date(NOON + 1000) }, false],
    [{ start: new Date(0), end: new Date(NOON) }, true],
    [{ start: new Date(0), end: new Date(NOON - 1000) }, false],
  ] as const) {
    const lab = noonLab();
    const trustRoot = loaded(lab.trustedRoot);
    for (const authority of trustRoot.root.certificateAuthorities) authority.validFor = { end: undefined, ...validFor };
    const judged = judgeSignature(bundleOf(lab), question(keyless(), trustRoot));
    if (good) await judged;
    else await assert.rejects(judged, { code: 'SIGNATURE_CERTIFICATE' });
  }
});

test('a signature by a key where a certificate belongs is refused, and by a certificate where a key belongs', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const asked = question(keyless({ log: 'none' }), loaded(lab.trustedRoot));
  const refusal = {
    code: 'SIGNATURE_CERTIFICATE',
    message: /expected a signature by a certificate, found one by a key/,
  };
  await assertRefused(bundleOf(lab, { key, tsa: true }), asked, refusal);
  await assertRefused(simpleOf(lab, { key, tsa: true }), asked, refusal);
});

test('a signature by another key than that of its certificate is refused', async () => {
  const lab = noonLab();
  const { privateKey } = labKeyPair();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const refusal = { code: 'SIGNATURE_INVALID', message: /not made with the key of release@example\.com/ };
  await assertRefused(bundleOf(lab, { signingKey: privateKey }), asked, refusal);
  await assertRefused(simpleOf(lab, { signingKey: privateKey }), asked, refusal);
});

test('C14: a P-384 certificate signs with SHA-384 and with no other hash', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const refusal = { code: 'SIGNATURE_INVALID', message: /not made with the key/ };
  await assertRefused(bundleOf(lab, { identity: { key: 'P-384' }, hash: 'sha256' }), asked, refusal);
});

test('C14: certificates for kinds of keys that are not used are refused', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const refusal = { code: 'SIGNATURE_INVALID', message: /not made with the key/ };
  for (const key of ['secp256k1', 'RSA-1024'] as const) {
    await assertRefused(bundleOf(lab, { identity: { key }, hash: 'sha256' }), asked, refusal, key);
  }
});

test('certificate logs: none are asked for, and what is there is verified where the trust root knows the log', async () => {
  const lab = noonLab();
  const blind = { ...lab.trustedRoot, ctlogs: [] };
  const foreign = noonLab().trustedRoot['ctlogs'];
  const both = [foreign, lab.trustedRoot['ctlogs']].flat();
  const cases: readonly (readonly [
    request: CertificateRequest,
    ct: SignatureRequirement['ct'],
    root: object,
    good: boolean,
  ])[] = [
    [{ sct: 'missing' }, 'none', lab.trustedRoot, true],
    [{ sct: 'missing' }, 'none', blind, true],
    [{ sct: 'valid' }, 'none', blind, true],
    [{ sct: 'valid' }, 'none', lab.trustedRoot, true],
    [{ sct: 'wrong-key' }, 'none', lab.trustedRoot, false],
    [{ sct: 'valid' }, 'required', blind, false],
    [{ sct: 'valid' }, 'none', { ...lab.trustedRoot, ctlogs: foreign }, true],
    [{ sct: 'valid' }, 'none', { ...lab.trustedRoot, ctlogs: both }, true],
    [{ sct: 'wrong-key' }, 'none', { ...lab.trustedRoot, ctlogs: both }, false],
  ];
  for (const [identity, ct, root, good] of cases) {
    const trustRoot = loaded(root as typeof lab.trustedRoot);
    const judged = judgeSignature(bundleOf(lab, { identity }), question(keyless({ ct }), trustRoot));
    const name = `${identity.sct}, ${ct}, case ${cases.findIndex(([one]) => one === identity)}`;
    if (good) assert.equal((await judged).identity, 'release@example.com', name);
    else await assert.rejects(judged, { code: 'SIGNATURE_CERTIFICATE' }, name);
  }
});

test('without a promise of a certificate log the chain still counts', async () => {
  const lab = noonLab();
  const blind = loaded({ ...lab.trustedRoot, ctlogs: [] });
  const identity = { signedBy: labAuthority('lab fulcio', NOON, { pathLength: 0 }) };
  const asked = question(keyless({ ct: 'none' }), blind);
  await assertRefused(bundleOf(lab, { identity }), asked, {
    code: 'SIGNATURE_CERTIFICATE',
    message: /certificate chain/,
  });
});

test('a certificate needs a trust root, and one that can be read', async () => {
  const lab = noonLab();
  await assertRefused(bundleOf(lab), question(keyless(), undefined), {
    code: 'SIGNATURE_TRUST_ROOT',
    message: /with a trust root only/,
  });
  const broken = loaded(lab.trustedRoot);
  for (const log of broken.root.tlogs) if (log.publicKey) log.publicKey.rawBytes = Buffer.from('no key');
  await assertRefused(bundleOf(lab), question(keyless(), broken), {
    code: 'SIGNATURE_TRUST_ROOT',
    message: /the lab: a key or certificate in it cannot be read/,
  });
});
