import { isGantryError } from '@gantry/oci';
import { shown } from '../config/config-fault.ts';
import { installerHint } from './installer-hint.ts';

/** What became of one plugin. */
export interface PluginReport {
  /** The package as it is recorded; of a removed directory whose package is not known its name. */
  readonly package: string;
  /** What entries are merged by. */
  readonly key: string;
  /** `skipped`: a local directory that is not there. With a dry run what would become of it. */
  readonly state: 'installed' | 'unchanged' | 'disabled' | 'skipped' | 'failed' | 'removed';
  /** `alg:hex` of the image. */
  readonly digest?: string;
  /** `sha512-…` of the tarball. */
  readonly integrity?: string;
  /** Absolute path of the directory. */
  readonly path?: string;
  /** The clause of the trust policy that accepted it, or `unsigned`; null when nothing was judged. */
  readonly signer: string | null;
  /** `file:line` of the package that was declared; not with a directory that is removed. */
  readonly place?: string;
  readonly error?: PluginFailure;
  /** Downloaded for it; what several share counts for the first. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Why a plugin could not be installed. */
export interface PluginFailure {
  readonly code: string;
  readonly message: string;
  /** What to do about it; not known of an error that nobody foresaw. */
  readonly hint?: string;
}

/** What a run did: the document of `--json` and `--report`, without its version and exit code. */
export interface InstallReport {
  /** Absolute. */
  readonly root: string;
  readonly plugins: readonly PluginReport[];
  readonly requests: number;
  /** Received over the network. */
  readonly bytes: number;
  readonly seconds: number;
  /** Absolute path of app-config.dynamic-plugins.yaml; null when this run did not bring it up to date. */
  readonly appConfig: string | null;
  /** With a dry run. */
  readonly estimate?: DiskEstimate;
}

/** What installing would need, in bytes. */
export interface DiskEstimate {
  readonly download: number;
  /** More in the root than there is now. */
  readonly disk: number;
}

/** A failure as documents have it. */
export function errorFacts(error: unknown): PluginFailure {
  const message = error instanceof Error ? error.message : String(error);
  return isGantryError(error)
    ? { code: error.code, message, hint: installerHint(error) }
    : { code: 'UNEXPECTED', message };
}

/** The lines that say which plugins failed, in the words of the original; none when all went well. */
export function failureLines({ plugins }: Pick<InstallReport, 'plugins'>): readonly string[] {
  const failed = plugins.filter(({ state }) => state === 'failed');
  if (failed.length === 0) return [];
  const lines = failed.flatMap((plugin, at) => {
    const line = `  - ${shown(plugin.package)}: ${failureText(plugin)}`;
    const hint = plugin.error?.hint;
    // A registry that is down fails many plugins in a row, and one hint is for all of them.
    return hint === undefined || hint === failed[at + 1]?.error?.hint ? [line] : [line, `    hint: ${hint}`];
  });
  return [
    `\n======= ${failed.length} plugin(s) failed:`,
    ...lines,
    '\n======= Skipping app-config.dynamic-plugins.yaml write and cleanup because of install failures. Fix the errors above and re-run; the previous successful state is preserved.',
  ];
}

/** What went wrong, with the place of the declaration, and without the package, which stands before it. */
function failureText({ package: name, place, error }: PluginReport): string {
  const message = error?.message ?? '';
  const subject = [`${shown(name)}: `, `${shown(name).replace(/^oci:\/\//, '')}: `].find((text) =>
    message.startsWith(text),
  );
  const text = message.slice(subject?.length ?? 0);
  // A message may name the line of another field, such as the integrity.
  const named = place !== undefined && text.includes(`(${place.slice(0, place.lastIndexOf(':') + 1)}`);
  return place === undefined || named ? text : `${text} (${place})`;
}
