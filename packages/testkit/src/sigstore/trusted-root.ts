import type { LabAuthority } from './authority.ts';
import { keyDetails, spki } from './keys.ts';
import type { TransparencyLog } from './transparency-log.ts';

/** When something counts: milliseconds since 1970. */
export interface Validity {
  readonly start: number;
  readonly end?: number;
}

/** The parts of a trust root, any of which may be empty. */
export interface TrustedRootParts {
  readonly logs: readonly Pick<TransparencyLog, 'baseUrl' | 'id' | 'publicKey'>[];
  readonly ctLogs: readonly Pick<TransparencyLog, 'baseUrl' | 'id' | 'publicKey'>[];
  readonly authorities: readonly LabAuthority[];
  readonly timestampAuthorities: readonly LabAuthority[];
  readonly validity: Validity;
}

/** A `trusted_root.json` as it stands in the file; loosely typed, so that a test can change it. */
export type TrustedRootJson = { mediaType: string } & Record<string, unknown>;

/** Writes a trust root, media type 0.1. */
export function trustedRootJson(parts: TrustedRootParts): TrustedRootJson {
  const { start, end } = parts.validity;
  const validFor = { start: iso(start), ...(end === undefined ? {} : { end: iso(end) }) };
  const log = ({ baseUrl, id, publicKey }: TrustedRootParts['logs'][number]): object => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: spki(publicKey).toString('base64'), keyDetails: keyDetails(publicKey), validFor },
    logId: { keyId: id.toString('base64') },
  });
  const authority = (uri: string, { chain }: LabAuthority): object => ({
    subject: { organization: 'lab', commonName: 'lab' },
    uri,
    certChain: { certificates: chain.map((der) => ({ rawBytes: der.toString('base64') })) },
    validFor,
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: parts.logs.map(log),
    certificateAuthorities: parts.authorities.map((one) => authority('https://fulcio.lab.test', one)),
    ctlogs: parts.ctLogs.map(log),
    timestampAuthorities: parts.timestampAuthorities.map((one) => authority('https://tsa.lab.test', one)),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+/, '');
}
