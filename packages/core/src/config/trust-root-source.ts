import { resolve } from 'node:path';
import { type Digest, digestOf, isGantryError } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { readTrustFile } from '../trust/material/read-trust-file.ts';
import type { PemPart, TrustRootSource } from '../trust/material/trust-root.ts';
import { PUBLIC_GOOD_MIRROR } from '../trust/material/trust-root.ts';
import { listOf, stepsTo } from './one-or-more.ts';
import type { RawPemPart, RawTrustRoot } from './raw-config.ts';
import type { EntryPlace } from './trust-clause.ts';

const KINDS = ['tuf', 'trustedRoot', 'pem'] as const;
const PEM_PARTS = ['fulcio', 'rekor', 'ct', 'tsa'] as const;

/** The `trustRoot` of an entry; undefined when there is none. Paths become absolute. Throws `CONFIG_INVALID`. */
export function trustRootSource(raw: RawTrustRoot | undefined, place: EntryPlace): TrustRootSource | undefined {
  if (raw === undefined) return undefined;
  const given = KINDS.filter((kind) => raw[kind] !== undefined);
  if (given.length !== 1) throw place.invalid(['trustRoot'], 'expected tuf, trustedRoot or pem, one of them');
  if (raw.trustedRoot !== undefined) return { type: 'file', path: resolve(place.directory, raw.trustedRoot) };
  if (raw.tuf !== undefined) return tufSource(raw.tuf, place);
  const pem = raw.pem ?? {};
  const [fulcio = [], rekor = [], ct = [], tsa = []] = PEM_PARTS.map((part) =>
    listOf(pem[part]).map((one, index) =>
      pemPart(one, ['trustRoot', 'pem', ...stepsTo(part, pem[part], index)], place),
    ),
  );
  if (fulcio.length + rekor.length + ct.length + tsa.length === 0) {
    throw place.invalid(['trustRoot', 'pem'], 'expected fulcio, rekor, ct or tsa, at least one of them');
  }
  const nameless = rekor.findIndex(({ url }) => url === undefined);
  if (nameless >= 0) {
    const path = ['trustRoot', 'pem', ...stepsTo('rekor', pem.rekor, nameless)];
    throw place.invalid(path, 'url is missing: its host is the name under which the log signs');
  }
  return { type: 'pem', parts: { fulcio, rekor, ct, tsa } };
}

function tufSource(tuf: NonNullable<RawTrustRoot['tuf']>, place: EntryPlace): TrustRootSource {
  const url = URL.parse(tuf.mirror);
  const plain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!plain || !/^https?:$/.test(url.protocol)) {
    throw place.invalid(['trustRoot', 'tuf', 'mirror'], 'expected an https URL without user, query and fragment');
  }
  const mirror = url.href.replace(/\/+$/, '');
  if (tuf.root !== undefined) {
    const root = resolve(place.directory, tuf.root);
    const rootDigest = digestOfRoot(root);
    return { type: 'tuf', mirror, root, ...(rootDigest !== undefined && { rootDigest }) };
  }
  if (mirror === PUBLIC_GOOD_MIRROR) return { type: 'public' };
  throw place.invalid(['trustRoot', 'tuf'], `root is missing: only ${PUBLIC_GOOD_MIRROR} is known without one`);
}

/** Undefined when it cannot be read: whoever needs the trust root says so, and nobody else has to. */
function digestOfRoot(path: string): Digest | undefined {
  try {
    return digestOf(readTrustFile(path, coreLimits.specs.trustRootBytes.value));
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

function pemPart(raw: RawPemPart, path: readonly (string | number)[], place: EntryPlace): PemPart {
  const { file, url, start, end } = raw;
  if (start !== undefined && end !== undefined && Date.parse(end) < Date.parse(start)) {
    throw place.invalid([...path, 'end'], 'it is before start');
  }
  return {
    path: resolve(place.directory, file),
    ...(url === undefined ? {} : { url }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}
