import { statSync, writeFileSync } from 'node:fs';
import type { Environment } from '@gantry/oci';

/** What Kubernetes keeps of a termination message. */
const MOST_BYTES = 4096;
const DEFAULT_FILE = '/dev/termination-log';

/**
 * Leaves a message where Kubernetes shows it as the reason a container ended: in `$TERMINATION_LOG`, else in
 * `/dev/termination-log` when there is one. Cut to 4,096 bytes. Never throws: the same is on stderr.
 */
export function writeTerminationMessage(text: string, env: Environment['env']): void {
  const file = env['TERMINATION_LOG'] || (exists(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  if (file === undefined) return;
  try {
    writeFileSync(file, cut(text, MOST_BYTES));
  } catch {
    // A message that cannot be left must not hide what it is about.
  }
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** The longest beginning of a text that has at most `bytes` bytes of UTF-8, with a mark when something is missing. */
function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  const mark = '…\n';
  let end = bytes - Buffer.byteLength(mark);
  // A byte of the form 10xxxxxx goes on with the character before it.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${encoded.subarray(0, end).toString()}${mark}`;
}
