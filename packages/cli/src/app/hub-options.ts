import type { HubOptions } from '@gantry/backstage';
import type { Context } from '../context.ts';
import { environmentOf } from './environment.ts';
import type { Settings } from './settings.ts';

/** The working directory as the place where Developer Hub is configured. Its log is for those who want to know more. */
export function hubOptions({ io, output }: Context, { configuration }: Settings): HubOptions {
  const { policy, backstage, registries } = configuration;
  return {
    directory: io.cwd,
    environment: environmentOf(io),
    policy,
    settings: backstage,
    registries,
    log: { line: (text) => output.detail(text.trim()), warn: (text) => output.note(text.trim()) },
  };
}
