import { createHash } from 'node:crypto';
import { escapeRemote } from '@gantry/oci';
import type { HashLike, IntegrityMap } from 'ssri';
import { coreError } from '../core-errors.ts';

/** Checks bytes against a subresource integrity while they pass. */
export interface IntegrityCheck {
  update(chunk: Uint8Array): void;
  /** Throws `CONTENT_INTEGRITY` unless what passed has the integrity. */
  finish(): void;
}

const STRONG: readonly string[] = ['sha512', 'sha384', 'sha256'];

/**
 * Starts a check. Of several algorithms the strongest counts, as the W3C recommendation says, and sha256 is the weakest
 * that is taken. `what` is named in messages. Throws `CONFIG_INVALID` when the text is no such integrity.
 */
export async function openIntegrity(integrity: string, what: string): Promise<IntegrityCheck> {
  const { parse } = await import('ssri');
  const expected: IntegrityMap | null = parse(integrity, { strict: true });
  const algorithm = STRONG.find((name) => (expected?.[name]?.length ?? 0) > 0);
  const hashes: readonly HashLike[] = algorithm === undefined ? [] : (expected?.[algorithm] ?? []);
  if (algorithm === undefined || hashes.length === 0) {
    throw coreError('CONFIG_INVALID', `${what}: "${escapeRemote(integrity, 120)}" is not an integrity`, {
      hint: 'write it as sha512-, sha384- or sha256- with the base64 of the hash',
    });
  }
  const hasher = createHash(algorithm);
  return {
    update: (chunk) => void hasher.update(chunk),
    finish: () => {
      const found = hasher.digest('base64');
      if (hashes.some((wanted) => wanted.digest === found)) return;
      const wanted = hashes.map(({ digest }) => `${algorithm}-${digest}`).join(' ');
      const shown = `${algorithm}-${found}`;
      throw coreError('CONTENT_INTEGRITY', `${what}: expected ${escapeRemote(wanted, 400)}, found ${shown}`, {
        details: { expected: escapeRemote(wanted, 400), found: shown },
      });
    },
  };
}
