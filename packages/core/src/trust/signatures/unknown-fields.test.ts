import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BundleOptions, labKeyPair } from '@gantry/testkit';
import { bundleOf, byKeys, keyless, loaded, MANIFEST, noonLab, question } from './judging.fixture.ts';
import { assertRefused } from './refused.fixture.ts';

/** Bundles that have every object that a bundle can have between them. */
const BUNDLES: Readonly<Record<string, BundleOptions>> = {
  'a certificate, Rekor v1': { log: 'v1' },
  'a certificate, Rekor v2 and a timestamp': {},
  'a chain': { version: '0.2', log: 'v1' },
  'a key': { key: labKeyPair() },
  'a message signature': { content: 'message' },
};

/** The paths of all objects of a document, itself included. */
function objectsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.entries(value).flatMap(([key, member]) => objectsOf(member, [...path, key]));
  return Array.isArray(value) ? below : [path, ...below];
}

function withMore(json: string, path: readonly string[]): string {
  const document = JSON.parse(json);
  const place = path.reduce((value, key) => value[key], document);
  place.more = {};
  return JSON.stringify(document);
}

for (const [name, options] of Object.entries(BUNDLES)) {
  test(`C13: a field that no version of the bundle has is refused wherever it is: ${name}`, async () => {
    const lab = noonLab();
    const { key } = options;
    const manifestBytes = [MANIFEST];
    const asked =
      key === undefined
        ? question(keyless(), loaded(lab.trustedRoot), { manifestBytes })
        : question(byKeys([key]), undefined);
    const good = bundleOf(lab, options);
    const json = Buffer.from(good.bytes).toString();
    const paths = objectsOf(JSON.parse(json));
    assert.ok(paths.length > 4);
    for (const path of paths) {
      const bytes = Buffer.from(withMore(json, path));
      await assertRefused({ ...good, bytes }, asked, { code: 'SIGNATURE_MALFORMED', message: /unknown field more/ });
    }
  });
}
