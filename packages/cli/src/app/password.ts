import { cliError } from '../cli-errors.ts';
import type { Io } from '../io.ts';
import { ask } from '../prompt.ts';

const HINT = 'set COSIGN_PASSWORD; it may be empty';

/** The password of an existing key: `COSIGN_PASSWORD`, which may be empty, else what the person at the terminal types. */
export async function keyPassword(io: Io, name: string): Promise<string> {
  return io.env['COSIGN_PASSWORD'] ?? (await ask(io, `Password for ${name}: `, { secret: true, hint: HINT }));
}

/** The password for a new key, typed twice. Throws `CONFIG_USAGE` when the two differ or there is nobody to ask. */
export async function newKeyPassword(io: Io): Promise<string> {
  const given = io.env['COSIGN_PASSWORD'];
  if (given !== undefined) return given;
  const first = await ask(io, 'Password for the new key: ', { secret: true, hint: HINT });
  const second = await ask(io, 'The same again: ', { secret: true, hint: HINT });
  if (first === second) return first;
  throw cliError('CONFIG_USAGE', 'the two passwords differ', { hint: 'run it again' });
}
