import { join } from 'node:path';
import { type Digest, digestAlgorithm, digestHex } from '@gantry/oci';

/**
 * Where things are in the directory of a registry:
 *
 * ```
 * registry.json                                       {"schemaVersion":1}
 * uploads/<random>                                    bytes on their way in
 * repositories/<name>/_blobs/sha256/<hex>             a blob
 * repositories/<name>/_manifests/sha256/<hex>         a manifest, byte for byte
 * repositories/<name>/_types/sha256/<hex>             its media type
 * repositories/<name>/_tags/<tag>                     the digest it points at
 * repositories/<name>/_referrers/sha256/<subject>/<algorithm>-<hex>    empty; a manifest with this subject
 * ```
 *
 * Components of repository names begin with a letter or digit, so no repository meets a name that begins with `_`.
 */
export class DirectoryPaths {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get marker(): string {
    return join(this.root, 'registry.json');
  }

  get uploads(): string {
    return join(this.root, 'uploads');
  }

  repository(name: string): string {
    return join(this.root, 'repositories', ...name.split('/'));
  }

  blob(name: string, digest: Digest): string {
    return join(this.repository(name), '_blobs', ...segments(digest));
  }

  manifest(name: string, digest: Digest): string {
    return join(this.repository(name), '_manifests', ...segments(digest));
  }

  type(name: string, digest: Digest): string {
    return join(this.repository(name), '_types', ...segments(digest));
  }

  tags(name: string): string {
    return join(this.repository(name), '_tags');
  }

  tag(name: string, tag: string): string {
    return join(this.tags(name), tag);
  }

  referrers(name: string, subject: Digest): string {
    return join(this.repository(name), '_referrers', ...segments(subject));
  }

  referrer(name: string, subject: Digest, digest: Digest): string {
    return join(this.referrers(name, subject), segments(digest).join('-'));
  }
}

function segments(digest: Digest): [algorithm: string, hex: string] {
  return [digestAlgorithm(digest), digestHex(digest)];
}
