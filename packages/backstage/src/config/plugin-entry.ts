import type { YamlMap, YamlValue } from '../yaml/yaml-value.ts';
import type { Origin } from './origin.ts';

/** Where a package comes from. */
export type PackageSource =
  | {
      readonly type: 'oci';
      /** `host[:port]/path`, as written. */
      readonly repository: string;
      /** A tag, or `alg:hex`. */
      readonly version: string;
      /** `repository:tag` or `repository@alg:hex`. */
      readonly image: string;
      /** The directory inside the image. */
      readonly path: string;
    }
  /** `./…`, as written. */
  | { readonly type: 'local'; readonly directory: string }
  /** An https URL of a tarball, or a package specification of npm; npm's own grammar decides. */
  | { readonly type: 'npm'; readonly spec: string };

/** An entry after includes, `{{inherit}}`, path detection and merging: what is to be installed, or not. */
export interface PluginEntry {
  /** What entries are merged by: `oci://host/path:!<pluginpath>`, or the npm key. */
  readonly key: string;
  /** The package as it is recorded: with the path that was detected. */
  readonly package: string;
  readonly source: PackageSource;
  readonly enabled: boolean;
  /** Unchecked: the installer says what is wrong with it. */
  readonly integrity: YamlValue | undefined;
  readonly pluginConfig: YamlMap | undefined;
  readonly pullPolicy: 'IfNotPresent' | 'Always';
  readonly forceDownload: boolean;
  /** 0: an include, 1: the main file, whichever changed it last. */
  readonly level: 0 | 1;
  /** Every field of the merged record but `pluginConfig` and `version`, by name: what the hash of the original is made of. */
  readonly record: ReadonlyMap<string, YamlValue>;
  /** Which place each field got its value from, `package` and `pluginConfig` included. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** What the configuration asks for. */
export interface DynamicPlugins {
  /** In the order the original installs them; disabled ones included. */
  readonly plugins: readonly PluginEntry[];
  /** Entries whose image could not be asked for its paths: they fail, the others go on. */
  readonly failures: readonly { readonly package: string; readonly origin: Origin; readonly error: unknown }[];
}
