import type { Platform, RegistrySettings } from '@gantry/oci';
import type { PackageSpec } from '../plugin/plugin.ts';
import { DEFAULT_POLICY, type Policy, type PolicyClause } from '../trust/policy.ts';

/** What is in force: gantry.yaml with its paths made absolute, or the defaults where there is none. */
export interface Configuration {
  /** Absolute path of the file that counts; undefined when there is none. */
  readonly file: string | undefined;
  /** Keyed by `host[:port]`. */
  readonly registries: Readonly<Record<string, RegistrySettings>>;
  readonly policy: Policy;
  readonly plugins: readonly PluginEntry[];
  readonly backstage: BackstageSettings;
  /** Overrides of limits, in the base unit of each. */
  readonly limits: Readonly<Record<string, number>>;
}

/** A plugin of gantry.yaml: what to install, and what it gets when it runs. */
export interface PluginEntry extends PackageSpec {
  readonly name: string;
  readonly grants: GrantSettings;
  /** The plugin's own settings, passed on as they are. Without a prototype. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Capabilities given to a plugin at run time; the runtime says what they mean. */
export interface GrantSettings {
  readonly hosts?: readonly string[];
  readonly env?: readonly string[];
  readonly paths?: readonly string[];
  /** Bytes. */
  readonly memory?: number;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** How the front for Developer Hub works. */
export interface BackstageSettings {
  /** Whether another registry is asked for an image only when the first one says that it is not there. Default: false. */
  readonly strictFallback?: boolean;
  /** Which manifest of an index is installed. Default: linux/amd64. */
  readonly platform?: Platform;
}

/** One configuration file, before files are put together. */
export interface ConfigFile extends Omit<Configuration, 'policy'> {
  readonly file: string;
  readonly trust: readonly PolicyClause[];
}

/** What holds without any file. */
export const DEFAULT_CONFIGURATION: Configuration = Object.freeze({
  file: undefined,
  registries: Object.freeze({}),
  policy: DEFAULT_POLICY,
  plugins: Object.freeze([]),
  backstage: Object.freeze({}),
  limits: Object.freeze({}),
});
