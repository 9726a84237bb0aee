import { resolve } from 'node:path';
import { generateKeyPair, writeKeyPair } from '@gantry/core';
import { newKeyPassword } from '../app/password.ts';
import type { Context } from '../context.ts';

/** Flags of `gantry key generate`. */
export interface KeyGenerateOptions {
  readonly output: string;
  readonly force?: boolean;
}

/** `gantry key generate`. JSON: {privateKey, publicKey, id}: two paths, and the digest that verdicts name the key by. */
export async function keyGenerate(context: Context, _args: readonly [], options: KeyGenerateOptions): Promise<void> {
  const { io, output } = context;
  const pair = await generateKeyPair(await newKeyPassword(io));
  const files = writeKeyPair(resolve(io.cwd, options.output), pair, { force: options.force === true });
  output.note('keep the first to yourself, with its password; give the second to whoever verifies');
  await output.result({ ...files, id: pair.id }, [files.privateKey, files.publicKey]);
}
