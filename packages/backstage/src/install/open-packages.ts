import type { Environment, Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import type { Images } from '../images/open-images.ts';
import type { NpmPackages } from '../npm/open-npm.ts';
import type { DynamicRoot } from '../root/open-root.ts';
import type { InstallSettings } from './install-settings.ts';
import type { InstallOptions, InstallTools } from './run-context.ts';

/** Where packages come from. What brings them is loaded and opened when the first one is needed. */
export interface Packages extends AsyncDisposable {
  images(op?: Op): Promise<Images>;
  npm(): Promise<NpmPackages>;
  /** Waits as a pod should before its first request; images do so themselves. */
  contact(op?: Op): Promise<void>;
}

/** What the packages of a run have to do with its root. */
export interface PackageOptions extends Omit<InstallOptions, 'root'> {
  readonly root: DynamicRoot;
  readonly variables: InstallSettings;
}

/** Opens the packages of one run. */
export function openPackages(options: PackageOptions): Packages {
  const { environment, variables, log } = options;
  let contact: Promise<void> | undefined;
  let tools: Promise<InstallTools> | undefined;
  let images: Promise<Images> | undefined;
  let npm: Promise<NpmPackages> | undefined;
  const firstContact = (op?: Op): Promise<void> => {
    if (contact === undefined) options.beforeFetching?.();
    contact ??= startJitter(environment, op);
    return contact;
  };
  const openImages = async (op?: Op): Promise<Images> => {
    tools = import('./open-tools.ts').then((opener) => opener.openTools(options));
    const [opener, opened] = await Promise.all([import('../images/open-images.ts'), tools]);
    await firstContact(op);
    const { strictFallback = false, platform } = options.settings;
    return opener.openImages({
      ...opened,
      policy: options.policy,
      ...(platform !== undefined && { platform }),
      maxEntryBytes: variables.maxEntryBytes,
      remembered: () => undefined,
      strictFallback,
      log,
    });
  };
  const openNpm = async (): Promise<NpmPackages> => {
    const opener = await import('../npm/open-npm.ts');
    return opener.openNpm({
      root: options.root.directory,
      directory: options.directory,
      environment,
      maxEntryBytes: variables.maxEntryBytes,
      skipIntegrity: variables.skipIntegrity,
      groupWritable: options.root.groupWritable,
      // What a killed run leaves in staging the next one sweeps.
      ...(options.dryRun !== true && { temporary: () => options.root.staging() }),
    });
  };
  return {
    images: (op) => {
      images ??= openImages(op);
      return images;
    },
    npm: () => {
      npm ??= openNpm();
      return npm;
    },
    contact: firstContact,
    [Symbol.asyncDispose]: async () => {
      const [openedNpm, openedTools] = await Promise.allSettled([npm, tools]);
      if (openedNpm.status === 'fulfilled') await openedNpm.value?.[Symbol.asyncDispose]();
      if (openedTools.status === 'fulfilled') await openedTools.value?.[Symbol.asyncDispose]();
    },
  };
}

/**
 * Pods of one deployment start at the same moment: each waits a little before its first request, so that a registry sees
 * them one after the other. Elsewhere nobody waits.
 */
async function startJitter(environment: Environment, op?: Op): Promise<void> {
  if (!environment.env['KUBERNETES_SERVICE_HOST']) return;
  await environment.sleep(Math.floor(environment.random() * backstageLimits(op, 'startJitter')), op?.signal);
}
