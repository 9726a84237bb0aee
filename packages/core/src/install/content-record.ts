import { type Digest, digestOf, type Op } from '@gantry/oci';
import { RecordFields } from './record-fields.ts';

/** A file of an installed tree. */
export interface InstalledFile {
  /** Relative to the tree, with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
  readonly digest: Digest;
}

/** A symbolic link of an installed tree; only profiles that keep links make them. */
export interface InstalledLink {
  readonly path: string;
  readonly target: string;
}

/** `files.json` of one content directory: everything in its `tree`. */
export interface ContentRecord {
  readonly schemaVersion: 1;
  readonly manifest: Digest;
  readonly files: readonly InstalledFile[];
  readonly links: readonly InstalledLink[];
  /** Paths of the files that were layers of their own, in the order of the layers. */
  readonly raw: readonly string[];
}

/** The bytes of a record and their digest, which the receipts name. The same tree gives the same bytes. */
export function encodeContentRecord(record: ContentRecord): { readonly bytes: Uint8Array; readonly digest: Digest } {
  const document = {
    schemaVersion: 1,
    manifest: record.manifest,
    files: record.files
      .map(({ path, size, executable, digest }) => ({ path, size, executable, digest }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    links: record.links.map(({ path, target }) => ({ path, target })).sort((a, b) => (a.path < b.path ? -1 : 1)),
    raw: record.raw,
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(document)}\n`);
  return { bytes, digest: digestOf(bytes) };
}

/** Reads a record strictly. Throws `INSTALL_DAMAGED`, or `STORE_VERSION` for one of a newer Gantry. */
export function parseContentRecord(manifest: Digest, bytes: Uint8Array, op?: Op): ContentRecord {
  const fields = RecordFields.parse(`files.json of ${manifest}`, bytes, op);
  fields.only('schemaVersion', 'manifest', 'files', 'links', 'raw');
  return {
    schemaVersion: 1,
    manifest: fields.oneOf('manifest', [manifest]),
    files: fields.records('files').map((file) => ({
      path: file.only('path', 'size', 'executable', 'digest').relativePath('path'),
      size: file.integer('size'),
      executable: file.flag('executable'),
      digest: file.digest('digest'),
    })),
    links: fields.records('links').map((link) => ({
      path: link.only('path', 'target').relativePath('path'),
      target: link.text('target'),
    })),
    raw: fields.texts('raw'),
  };
}
