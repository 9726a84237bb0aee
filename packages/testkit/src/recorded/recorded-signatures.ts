import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RecordedCase } from './recorded-case.ts';

/** Where the recorded signatures are, and what they are. */
export interface RecordedSignatures {
  /** An OCI layout; every case is a tag of it. */
  readonly layout: string;
  /** `trusted_root.json` of the Sigstore that took part. */
  readonly trustedRoot: string;
  /** The same in parts: certificate chains of Fulcio and the timestamp authority, public keys of the logs. */
  readonly parts: Readonly<Record<'fulcio' | 'tsa' | 'ct' | 'rekor1' | 'rekor2', string>>;
  readonly cases: readonly RecordedCase[];
  /** The case of that tag. Throws when there is none. */
  case(tag: string): RecordedCase;
  /** The file that `signer.key` of a recorded signature names. */
  keyFile(key: string): string;
}

/**
 * What real cosign 2 and 3 signed against a private Sigstore of the real services, recorded by
 * `conformance/record-signatures.ts`; `fixtures/cosign/README.md` lists it.
 */
export function recordedSignatures(): RecordedSignatures {
  const directory = resolve(import.meta.dirname, '..', '..', 'fixtures', 'cosign');
  const file = (name: string): string => join(directory, name);
  const { cases }: { cases: readonly RecordedCase[] } = JSON.parse(readFileSync(file('cases.json'), 'utf8'));
  return {
    layout: file('layout'),
    trustedRoot: file('trusted_root.json'),
    parts: {
      fulcio: file('fulcio.pem'),
      tsa: file('tsa.pem'),
      ct: file('ct.pub'),
      rekor1: file('rekor1.pub'),
      rekor2: file('rekor2.pub'),
    },
    cases,
    case: (tag) => {
      const found = cases.find((each) => each.tag === tag);
      if (found === undefined) throw new Error(`nothing was recorded as ${tag}`);
      return found;
    },
    keyFile: file,
  };
}
