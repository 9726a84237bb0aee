import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { chooseAuthority, chooseLogs, chooseTimestampAuthorities } from './choose-services.ts';
import { parseSigningConfig, readSigningConfig, type SigningConfig } from './signing-config.ts';

const MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';
const NOW = Date.parse('2026-06-01T00:00:00Z');

interface Service {
  readonly host: string;
  readonly version?: number;
  readonly start?: string;
  readonly end?: string;
  readonly operator?: string;
}

function service({ host, version = 1, start = '2026-01-01T00:00:00Z', end, operator = host }: Service): object {
  return { url: `https://${host}`, majorApiVersion: version, validFor: { start, ...(end && { end }) }, operator };
}

function config(logs: readonly Service[], selector: object = { selector: 'ALL' }, more: object = {}): SigningConfig {
  const document = { mediaType: MEDIA_TYPE, rekorTlogUrls: logs.map(service), rekorTlogConfig: selector, ...more };
  return parseSigningConfig(JSON.stringify(document), 'signing.json');
}

/** The hosts chosen; `lot` decides between those that are equally good. */
function hosts(of: SigningConfig, versions?: readonly number[], lot = 0): string[] {
  return chooseLogs(of, { now: () => NOW, random: () => lot }, versions).map(({ url }) => url.host);
}

test('services are chosen by version, validity, operator and selector', () => {
  const old = { host: 'old', version: 1 };
  const newer = { host: 'new', version: 2 };
  const three = [{ host: 'a' }, { host: 'b' }, { host: 'c' }];
  const cases: readonly (readonly [string, SigningConfig, readonly string[]])[] = [
    ['the highest version', config([old, newer]), ['new']],
    ['an unknown version is passed over', config([{ host: 'next', version: 3 }, newer]), ['new']],
    ['not valid yet', config([{ ...newer, start: '2026-06-01T00:00:01Z' }, old]), ['old']],
    ['valid from this moment', config([{ ...newer, start: '2026-06-01T00:00:00Z' }]), ['new']],
    ['not valid any more', config([{ ...newer, end: '2026-05-31T23:59:59Z' }, old]), ['old']],
    ['valid until this moment', config([{ ...newer, end: '2026-06-01T00:00:00Z' }]), ['new']],
    ['all', config(three), ['a', 'b', 'c']],
    ['a number', config(three, { selector: 'EXACT', count: 2 }), ['b', 'c']],
    ['any', config(three, { selector: 'ANY' }), ['c']],
    [
      'the newest of each operator',
      config([
        { host: 'a1', operator: 'a', start: '2025-01-01T00:00:00Z' },
        { host: 'a2', operator: 'a', start: '2026-02-01T00:00:00Z' },
        { host: 'b', operator: 'b', start: '2026-01-01T00:00:00Z' },
      ]),
      ['a2', 'b'],
    ],
    ['none is listed', config([]), []],
    ['none is listed, and the selector is empty', config([], {}), []],
  ];
  for (const [name, of, expected] of cases) assert.deepEqual(hosts(of), expected, name);
  assert.deepEqual(hosts(config(three, { selector: 'ANY' }), undefined, 0.99), ['a'], 'by lot');
  assert.deepEqual(hosts(config([old, newer]), [1]), ['old'], 'only versions that fit');
});

test('services that are listed and cannot be used are an error, not a signature without them', () => {
  const clock = { now: () => NOW, random: () => 0 };
  const code = 'CONFIG_SIGNING_SERVICE';
  assert.throws(() => hosts(config([{ host: 'a', version: 9 }])), {
    code,
    message: /no transparency log of version 2 or 1/,
  });
  assert.throws(() => hosts(config([{ host: 'a', end: '2026-05-01T00:00:00Z' }])), { code });
  assert.throws(() => hosts(config([{ host: 'a' }], { selector: 'EXACT', count: 2 })), {
    code,
    message: /expected 2 .*found 1/,
  });
  const tsa = { tsaUrls: [service({ host: 'a', version: 2 })], tsaConfig: { selector: 'ANY' } };
  assert.throws(() => chooseTimestampAuthorities(config([], {}, tsa), clock), { code });
  assert.throws(() => chooseAuthority(config([]), clock), { code, message: /no certificate authority/ });
  const authorities = config([], {}, { caUrls: [service({ host: 'a', version: 2 }), service({ host: 'b' })] });
  assert.equal(chooseAuthority(authorities, clock).host, 'b');
});

test('a signing configuration that is not one is refused', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['not JSON', '{'],
    ['another version', JSON.stringify({ mediaType: MEDIA_TYPE.replace('0.2', '0.1') })],
    ['no version', '{}'],
    ['another selector', text([{ host: 'a' }], { selector: 'SOME' })],
    ['no selector', text([{ host: 'a' }], {})],
    ['EXACT of nothing', text([{ host: 'a' }], { selector: 'EXACT' })],
    ['a file as a URL', text([{ host: 'a' }], { selector: 'ALL' }).replace('https:', 'file:')],
    ['a user in a URL', text([{ host: 'user:secret@a' }], { selector: 'ALL' })],
    ['a time that is none', text([{ host: 'a', start: 'yesterday' }], { selector: 'ALL' })],
    ['a year as a time', text([{ host: 'a', start: '2026' }], { selector: 'ALL' })],
    ['a version that is no number', text([{ host: 'a' }], { selector: 'ALL' }).replace(':1,', ':"one",')],
  ];
  for (const [name, document] of cases) {
    assert.throws(
      () => parseSigningConfig(document, 'signing.json'),
      { code: 'CONFIG_SIGNING_SERVICE', message: /^signing\.json: (?!.*secret)/ },
      name,
    );
  }
});

function text(logs: readonly Service[], selector: object): string {
  return JSON.stringify({ mediaType: MEDIA_TYPE, rekorTlogUrls: logs.map(service), rekorTlogConfig: selector });
}

test('an empty configuration of cosign signs without any service', async (t) => {
  const file = join(await tempDir(t), 'signing_config.json');
  await writeFile(file, `{"mediaType":"${MEDIA_TYPE}","rekorTlogConfig":{},"tsaConfig":{}}`);
  const empty = await readSigningConfig(file);
  assert.deepEqual(hosts(empty), []);
  await assert.rejects(readSigningConfig(`${file}.absent`), { code: 'CONFIG_UNREADABLE' });
});
