import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Op } from '@gantry/oci';
import { runtimeLimits } from '@gantry/runtime';
import { cliError } from '../cli-errors.ts';
import type { Io } from '../io.ts';

/** What `--input` means: the text, `@FILE`, or `-` for stdin; nothing without it. At most `pluginInputBytes` of stdin are read. */
export async function pluginInput(io: Io, option: string | undefined, op: Op): Promise<Uint8Array> {
  if (option === undefined) return new Uint8Array();
  if (option === '-') return readStdin(io, runtimeLimits(op, 'pluginInputBytes'));
  if (!option.startsWith('@')) return new TextEncoder().encode(option);
  const file = resolve(io.cwd, option.slice(1));
  try {
    return await readFile(file, { signal: io.signal });
  } catch (cause) {
    if (io.signal.aborted) throw io.signal.reason;
    const { code = 'failed' } = cause as NodeJS.ErrnoException;
    throw cliError('CONFIG_INPUT_UNREADABLE', `${file}: cannot be read (${code})`, { cause, details: { file } });
  }
}

async function readStdin(io: Io, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stop = (): void => void io.stdin.destroy(io.signal.reason);
  io.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of io.stdin) {
      chunks.push(chunk);
      size += chunk.length;
      // One chunk too many is enough: the runtime refuses what is over its limit and says so.
      if (size > limit) break;
    }
  } finally {
    io.signal.removeEventListener('abort', stop);
  }
  return Buffer.concat(chunks);
}
