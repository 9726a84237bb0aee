/** Where content is: a registry, or a namespace, repository or image of one. */
export interface RegistryLocation {
  /** `host[:port][/path…]`; empty: where the name says. */
  readonly location: string;
  /** Plain HTTP and any certificate are good enough. */
  readonly insecure: boolean;
}

/** A mirror of a `[[registry]]`. */
export interface MirrorTable extends RegistryLocation {
  readonly pull: 'all' | 'digest-only' | 'tag-only';
}

/** One `[[registry]]` of registries.conf. */
export interface RegistryTable extends RegistryLocation {
  /** The names that it is about. */
  readonly prefix: string;
  readonly blocked: boolean;
  readonly mirrors: readonly MirrorTable[];
  /** The file it stands in. */
  readonly file: string;
  /** The line of its header; undefined when it has none. */
  readonly line: number | undefined;
}

/** What registries.conf and the files beside it say together. */
export interface RegistriesConf {
  /** Each prefix once. */
  readonly tables: readonly RegistryTable[];
  /** What is asked for credentials, in order. Undefined: the files. */
  readonly credentialHelpers: readonly string[] | undefined;
}
