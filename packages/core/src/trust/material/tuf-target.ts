import { createHash } from 'node:crypto';
import { type JsonValue, type Op, parseJson, type Transport } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { coreLimits } from '../../core-limits.ts';
import type { TufState } from './tuf-state.ts';

/**
 * Fetches a file that the kept metadata of a TUF repository vouches for: its length and SHA-256 stand there, signed.
 * Undefined when it is not listed. Throws `SIGNATURE_TRUST_ROOT` for other bytes and for more than `trustRootBytes`, and
 * `REGISTRY_*` when the repository cannot be asked.
 */
export async function fetchTufTarget(
  { mirror, metadata }: TufState,
  name: string,
  transport: Transport,
  op?: Op,
): Promise<Buffer | undefined> {
  const target = member(member(signedOf(metadata.targets), 'targets'), name);
  if (target === undefined) return undefined;
  const length = member(target, 'length');
  const sha256 = member(member(target, 'hashes'), 'sha256');
  const most = coreLimits(op, 'trustRootBytes');
  if (typeof length !== 'number' || length > most || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw refused(mirror, `${name} is listed without a SHA-256, or with more than ${most} bytes`);
  }
  // A file that changes keeps its name only without consistent snapshots (TUF specification, 6.2).
  const consistent = member(signedOf(metadata.root), 'consistent_snapshot') !== false;
  const url = new URL(`${mirror}/targets/${consistent ? `${sha256}.` : ''}${name}`);
  const request = { method: 'GET', url, registry: url.host, access: [], authorization: null } as const;
  const response = await transport.request({ ...request, accept: [200] }, op);
  const bytes = Buffer.from(await response.bytes(length));
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw refused(mirror, `${name}: expected sha256:${sha256}, found sha256:${found}`);
  return bytes;
}

function signedOf(document: Buffer): JsonValue | undefined {
  return member(parseJson(document), 'signed');
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, JsonValue>>)[key];
}

function refused(mirror: string, message: string): Error {
  return coreError('SIGNATURE_TRUST_ROOT', message, { details: { trustRoot: mirror } });
}
