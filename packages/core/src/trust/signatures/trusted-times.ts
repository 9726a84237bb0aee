import type { RFC3161Timestamp } from '@sigstore/core';
import type { TrustMaterial } from '@sigstore/verify';
import { coreError } from '../../core-errors.ts';
import type { LogEntry } from './signature-reading.ts';
import { guarded, type SigstoreLibrary } from './sigstore-library.ts';

/** A time of signing. It is worth believing once the library has verified what it was taken from. */
export interface SigningTime {
  readonly source: 'log' | 'tsa';
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Reads time-stamp responses, leaving out those of authorities that the trust root does not name. */
export function stampsOfKnownAuthorities(
  stamps: readonly Buffer[],
  { timestampAuthorities }: TrustMaterial,
  { RFC3161Timestamp }: SigstoreLibrary,
): readonly RFC3161Timestamp[] {
  return guarded(() =>
    stamps
      .map((der) => RFC3161Timestamp.parse(Buffer.from(der)))
      .filter((stamp) =>
        timestampAuthorities.some(
          ({ certChain: [leaf] }) =>
            leaf?.serialNumber.equals(stamp.signerSerialNumber) && leaf.issuer.equals(stamp.signerIssuer),
        ),
      ),
  );
}

/** The times that entries and stamps tell. The time of an entry counts only where its log has signed it. */
export function signingTimes(
  entries: readonly LogEntry[],
  stamps: readonly RFC3161Timestamp[],
): readonly SigningTime[] {
  return [
    ...entries
      .filter(hasSignedTime)
      .map((entry) => ({ source: 'log' as const, time: Number(entry.integratedTime) * 1000 })),
    ...guarded(() => stamps.map((stamp) => ({ source: 'tsa' as const, time: stamp.signingTime.getTime() }))),
  ];
}

/** Whether an entry has a time that a promise of its log covers. */
export function hasSignedTime(entry: LogEntry): boolean {
  return entry.inclusionPromise !== undefined && entry.integratedTime !== '0';
}

/**
 * Checks that there are times of the kind that is wanted and that none lies in the future. Throws `SIGNATURE_TIME`.
 * `latest` is the host's clock and the skew that is allowed for.
 */
export function checkTimes(
  times: readonly SigningTime[],
  wanted: 'log' | 'tsa' | 'any' | 'none',
  latest: number,
): void {
  const future = times.find(({ time }) => !(time <= latest));
  if (future !== undefined) {
    throw coreError('SIGNATURE_TIME', `the time of signing lies in the future: ${shown(future.time)}`, {
      details: { source: future.source, found: shown(future.time), latest: shown(latest) },
    });
  }
  if (wanted === 'none') return;
  if (!times.some(({ source }) => wanted === 'any' || source === wanted)) {
    throw coreError('SIGNATURE_TIME', `expected a time of signing from ${NAMES[wanted]}, found none`, {
      details: { expected: wanted },
    });
  }
}

const NAMES = { log: 'a log', tsa: 'a timestamp authority', any: 'a log or a timestamp authority' };

function shown(time: number): string {
  return Number.isNaN(time) ? 'no time' : new Date(Math.min(time, MAX_DATE)).toISOString();
}

const MAX_DATE = 8_640_000_000_000_000;
