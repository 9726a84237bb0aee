import { escapeRemote } from '@gantry/oci';
import type { TrustMaterial } from '@sigstore/verify';
import { coreError } from '../../core-errors.ts';
import { checkCheckpoint } from './checkpoint.ts';
import type { LogEntry } from './signature-reading.ts';

type Log = TrustMaterial['tlogs'][number];

/**
 * The entries of logs that the trust root names. Where the policy wants a log, an entry of any other is refused; where it
 * does not, such an entry is as good as none.
 */
export function entriesOfKnownLogs(
  entries: readonly LogEntry[],
  logs: readonly Log[],
  wanted: boolean,
): readonly LogEntry[] {
  const known = entries.filter((entry) => logOf(entry, logs) !== undefined);
  const unknown = entries.find((entry) => !known.includes(entry));
  if (unknown !== undefined && wanted) {
    const id = unknown.logId.keyId.toString('hex');
    throw coreError('SIGNATURE_LOG', `the trust root does not name the log ${escapeRemote(id)}`, {
      details: { found: id, expected: logs.map((log) => log.logID.toString('hex')) },
    });
  }
  return known;
}

/** Checks what the library leaves open about a proof of inclusion: the names and numbers in its checkpoint. */
export function checkProof(entry: LogEntry, logs: readonly Log[]): void {
  const log = logOf(entry, logs);
  if (log !== undefined && entry.inclusionProof !== undefined) checkCheckpoint(entry.inclusionProof, log);
}

/**
 * The library looks at the time in which a log counts for promises only. A proof is held against the trusted times, or,
 * when there are none, against now: nothing then says that the entry is older.
 */
export function checkLogPeriod(entry: LogEntry, logs: readonly Log[], times: readonly number[], now: number): void {
  const log = logOf(entry, logs);
  if (log === undefined) return;
  const { start, end } = log.validFor;
  for (const time of times.length === 0 ? [now] : times) {
    if (time < start.getTime() || time > end.getTime()) {
      throw coreError('SIGNATURE_LOG', `the log ${log.baseURL} does not count at ${new Date(time).toISOString()}`);
    }
  }
}

function logOf({ logId }: LogEntry, logs: readonly Log[]): Log | undefined {
  return logs.find((log) => log.logID.equals(logId.keyId));
}
