import type { TrustMaterial } from '@sigstore/verify';
import { coreError } from '../../core-errors.ts';
import { checkCheckpoint } from './checkpoint.ts';
import type { LogEntry } from './signature-reading.ts';

type Log = TrustMaterial['tlogs'][number];

/** An entry, and what the trust root says about its log. */
export interface KnownEntry {
  readonly entry: LogEntry;
  readonly log: Log;
}

/**
 * The entries of logs that the trust root names. Where the policy wants a log, an entry of any other is refused; where it
 * does not, such an entry is as good as none.
 */
export function entriesOfKnownLogs(
  entries: readonly LogEntry[],
  logs: readonly Log[],
  wanted: boolean,
): readonly KnownEntry[] {
  return entries.flatMap((entry) => {
    const log = logs.find(({ logID }) => logID.equals(entry.logId.keyId));
    if (log !== undefined) return [{ entry, log }];
    if (!wanted) return [];
    const id = entry.logId.keyId.toString('hex');
    throw coreError('SIGNATURE_LOG', `the trust root does not name the log ${id}`, {
      details: { found: id, expected: logs.map(({ logID }) => logID.toString('hex')) },
    });
  });
}

/** Checks what the library leaves open about a proof of inclusion: the names and numbers in its checkpoint. */
export function checkProof({ entry: { inclusionProof }, log }: KnownEntry): void {
  if (inclusionProof !== undefined) checkCheckpoint(inclusionProof, log);
}

/**
 * The library looks at the time in which a log counts for promises only. A proof is held against the trusted times, or,
 * when there are none, against now: nothing then says that the entry is older.
 */
export function checkLogPeriod({ log }: KnownEntry, times: readonly number[], now: number): void {
  const { start, end } = log.validFor;
  for (const time of times.length === 0 ? [now] : times) {
    if (time < start.getTime() || time > end.getTime()) {
      throw coreError('SIGNATURE_LOG', `the log ${log.baseURL} does not count at ${new Date(time).toISOString()}`);
    }
  }
}
