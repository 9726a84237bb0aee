import { resolve } from 'node:path';
import { openKeySigner, type Signer } from '@gantry/core';
import type { Op } from '@gantry/oci';
import type { Context } from '../context.ts';
import { keyPassword } from './password.ts';

/** Opens the private key that a flag names; its password is asked for when it has one. Throws what `openKeySigner` throws. */
export function openKeyFile({ io }: Context, file: string, op: Op): Promise<Signer> {
  // What names a key elsewhere is no path, and is refused by name.
  const path = /^[a-z0-9]{2,}:/.test(file) ? file : resolve(io.cwd, file);
  return openKeySigner(path, () => keyPassword(io, file), op);
}
