import type { Annotations, ContentSource, Descriptor, Digest, Op, Platform, Repository } from '@gantry/oci';

/** What a plugin is once installed, and so which runtime loads it. */
export type PluginKind = 'executable' | 'wasm' | 'node' | 'library' | 'files';

/** Every kind, in the order documents list them. */
export const PLUGIN_KINDS: readonly PluginKind[] = ['executable', 'wasm', 'node', 'library', 'files'];

/** What somebody asked for. */
export interface PackageSpec {
  /** As the user wrote it: `[oci://]host/repository…`, `oci-layout:DIR…`, `./path`, `/path`, `file:path`, `https://…tgz`. */
  readonly source: string;
  readonly platform?: Platform;
  readonly kind?: PluginKind;
  /** Subresource integrity (`sha512-…`), for sources that have no digest of their own. */
  readonly integrity?: string;
  /**
   * What gantry.lock says that the source is. A registry or layout is then read by this digest and not by its tag; it counts
   * as named by the user when the source turns out to be just this.
   */
  readonly lockedDigest?: Digest;
  /** Evidence that gantry.lock holds: it is looked for although other evidence is enough. */
  readonly lockedEvidence?: readonly Digest[];
  /** Directory that relative paths in `source` start from. Default: the working directory. */
  readonly base?: string;
}

/** What a spec means now: only digests from here on. Plain data and a handle to content; no proof of anything. */
export interface ResolvedPlugin {
  readonly spec: PackageSpec;
  /** The source, normalised, with nothing added to what the user wrote: two equal ones ask for the same thing. */
  readonly source: string;
  /** The name that policy scopes match: `host/repository`, `https://host/path`, `file:/path`. What the user wrote, not a mirror. */
  readonly scopeName: string;
  /** The reference, normalised and with its digest. */
  readonly reference: string;
  /** The name it is installed under when the user gives none; unchecked. */
  readonly defaultName: string;
  /** Whether the user named these bytes: a digest in the reference, or an integrity. */
  readonly pinned: boolean;
  /** Whether the content is a local file, directory or layout that the user named. */
  readonly local: boolean;
  readonly root: Descriptor;
  /** The chosen platform's manifest; the root itself when that is not an index. For local files a synthesised manifest. */
  readonly manifest: Descriptor;
  readonly platform: Platform | undefined;
  /** Undefined when only the bytes can tell: it is settled while the content is staged, before anything is live. */
  readonly kind: PluginKind | undefined;
  readonly artifactType: string | undefined;
  /** In order; what is fetched and installed. */
  readonly layers: readonly Descriptor[];
  readonly config: Descriptor | undefined;
  readonly annotations: Annotations;
  /** The file inside the content that runs, from `!path` in the reference. */
  readonly entryPath: string | undefined;
  readonly content: ContentSource;
  /** Where its signatures are looked for; undefined for files, directories and tarballs, which have no place for any. */
  readonly repository: Repository | undefined;
}

/** A place plugins come from. */
export interface Source {
  /** Reads a tag at most once; everything after it goes by digest. */
  resolve(spec: PackageSpec, op?: Op): Promise<ResolvedPlugin>;
}
