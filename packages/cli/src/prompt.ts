import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { cliError } from './cli-errors.ts';
import type { Io } from './io.ts';

/**
 * Asks the person at the terminal. With `secret` what is typed is not shown. Throws `CONFIG_USAGE` with `hint` when
 * nobody is there to answer, and the signal's reason when it is interrupted.
 */
export async function ask(
  io: Io,
  question: string,
  options: { readonly secret?: boolean; readonly hint: string },
): Promise<string> {
  if (!io.interactive) {
    throw cliError(
      'CONFIG_USAGE',
      `${question.replace(/[:?]? *$/, '').toLowerCase()} is missing, and there is no terminal to ask`,
      {
        hint: options.hint,
      },
    );
  }
  io.stderr.write(question);
  const echo = options.secret === true ? new Writable({ write: (_chunk, _encoding, done) => done() }) : io.stderr;
  const reader = createInterface({ input: io.stdin, output: echo, terminal: true });
  try {
    return await reader.question('', { signal: io.signal });
  } finally {
    reader.close();
    if (options.secret === true) io.stderr.write('\n');
  }
}

/** All of stdin as text without the line break at its end, at most `limit` bytes: a secret that is piped in. */
export async function readSecret(io: Io, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > limit) {
      throw cliError('CONFIG_USAGE', `more than ${limit} bytes on stdin, which is no password`, {
        hint: 'pipe the password alone into --password-stdin',
      });
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
}
