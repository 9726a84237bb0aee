import type { Annotations, ContentSource, Descriptor, Platform } from '@gantry/oci';

/** What a plugin is once installed, and so which runtime loads it. */
export type PluginKind = 'executable' | 'wasm' | 'node' | 'library' | 'files';

/** What somebody asked for. `source` is as the user wrote it: `oci://…`, `oci-layout:…`, a path, `https://…tgz`. */
export interface PackageSpec {
  readonly source: string;
  readonly platform?: Platform;
  readonly kind?: PluginKind;
  /** Subresource integrity, for sources that have no digest of their own. */
  readonly integrity?: string;
}

/** What a spec means now: only digests from here on. Plain data and a handle to content; no proof of anything. */
export interface ResolvedPlugin {
  readonly spec: PackageSpec;
  /** The name that policy scopes match: `host/repository`, `https://host/path`, `file:/path`. What the user wrote, not a mirror. */
  readonly scopeName: string;
  /** The reference, normalised and with its digest. */
  readonly reference: string;
  /** Whether the user named these bytes: a digest in the reference, or an integrity. */
  readonly pinned: boolean;
  /** Whether the content is a local file, directory or layout that the user named. */
  readonly local: boolean;
  readonly root: Descriptor;
  /** The chosen platform's manifest; the root itself when that is not an index. For local files a synthesised manifest. */
  readonly manifest: Descriptor;
  readonly platform: Platform | undefined;
  readonly kind: PluginKind;
  /** In order; what is fetched and installed. */
  readonly layers: readonly Descriptor[];
  readonly config: Descriptor | undefined;
  readonly annotations: Annotations;
  readonly content: ContentSource;
}

/** A place plugins come from. */
export interface Source {
  resolve(spec: PackageSpec, op?: import('@gantry/oci').Op): Promise<ResolvedPlugin>;
}
