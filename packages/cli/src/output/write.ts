import type { Writable } from 'node:stream';
import type { GantryError } from '@gantry/oci';
import { cliError } from '../cli-errors.ts';

/** The failure of standard output, such as a full disk behind it. */
export function outputUnwritable(cause: NodeJS.ErrnoException): GantryError {
  return cliError('CONFIG_OUTPUT_UNWRITABLE', `cannot write to standard output (${cause.code ?? 'unknown'})`, {
    cause,
  });
}

/** Writes and waits until the stream took it; ends early, with the signal's reason, when the signal is aborted. */
export function writeAll(stream: Writable, content: string | Uint8Array, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    stream.write(content, (error) => {
      signal.removeEventListener('abort', stop);
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(outputUnwritable(error));
      else resolve();
    });
  });
}
