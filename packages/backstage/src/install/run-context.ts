import type { BackstageSettings, JudgeOptions, Policy, ResolvedPlugin } from '@gantry/core';
import type { Environment, Op, RegistryReference, RegistrySettings, Repository } from '@gantry/oci';
import type { LogSink } from './log-sink.ts';

/** What a run asks the outside world with. */
export interface InstallTools extends AsyncDisposable {
  /** Opens what the name of an image means here. */
  readonly openRepository: (reference: RegistryReference, op?: Op) => Promise<Repository>;
  /** Whether there are credentials for a name. */
  readonly hasCredentials: (reference: RegistryReference, op?: Op) => Promise<boolean>;
  /** What signatures are judged with. */
  readonly judgeTools: Pick<JudgeOptions, 'trustRoots' | 'openRepository' | 'memory' | 'environment'>;
  /** Refuses by policy.json. */
  readonly enforce: (plugin: ResolvedPlugin, op?: Op) => Promise<void>;
}

/** What a run is asked to do. */
export interface InstallOptions {
  /** The directory of dynamic plugins, as the user named it. Created when it is not there. */
  readonly root: string;
  /** Absolute path of the directory that holds dynamic-plugins.yaml. */
  readonly directory: string;
  readonly environment: Environment;
  /** Trust entries. Where none answers, the rules of the original hold. */
  readonly policy: Policy;
  /** `backstage` of gantry.yaml. */
  readonly settings: BackstageSettings;
  /** `registries` of gantry.yaml. */
  readonly registries: Readonly<Record<string, RegistrySettings>>;
  readonly log: LogSink;
  /** Called once, before the first package is fetched; not at all when everything is there. */
  readonly beforeFetching?: () => void;
  /** Say what would be done, and change nothing. */
  readonly dryRun?: boolean;
}
