import { digestOf, type Op } from '@gantry/oci';
import { coreLimits } from '../../core-limits.ts';
import type { FileSystem } from '../../files/file-system.ts';
import { type PemFile, pemTrustedRoot } from './pem-trust-root.ts';
import { readTrustFile } from './read-trust-file.ts';
import type { TrustBytes } from './trust-bytes.ts';
import type { PemParts, TrustRootSource } from './trust-root.ts';

const KINDS: readonly (keyof PemParts)[] = ['fulcio', 'rekor', 'ct', 'tsa'];

/** A source that is files of the user: no network, no state, and nothing that expires but what the files say. */
export type LocalSource = Extract<TrustRootSource, { readonly type: 'file' | 'pem' }>;

/** Reads the files of a source. Throws `CONFIG_PATH_UNREADABLE`. */
export function readLocalTrustRoot(source: LocalSource, fileSystem: FileSystem, op?: Op): TrustBytes {
  if (source.type === 'file') {
    const bytes = readTrustFile(source.path, coreLimits(op, 'trustRootBytes'), fileSystem);
    return { digest: digestOf(bytes), name: source.path, bytes: () => bytes };
  }
  const limit = coreLimits(op, 'pemBytes');
  const files: PemFile[] = KINDS.flatMap((kind) =>
    source.parts[kind].map((part) => ({
      kind,
      part,
      text: readTrustFile(part.path, limit, fileSystem).toString('latin1'),
    })),
  );
  return pemTrustBytes(files);
}

/** A trust root that is PEM texts, whether of files or not. */
export function pemTrustBytes(files: readonly PemFile[]): TrustBytes {
  // Where a file lies does not count, what it says and when it counts does.
  const said = files.map(({ kind, part: { url, start, end }, text }) => ({ kind, url, start, end, text }));
  return {
    digest: digestOf(Buffer.from(JSON.stringify(said))),
    name: files.map(({ part }) => part.path).join(', '),
    bytes: () => pemTrustedRoot(files),
  };
}
