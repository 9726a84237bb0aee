import type { HubOptions, LogSink } from '@gantry/backstage';
import type { Context } from '../context.ts';
import type { Output } from '../output/output.ts';
import { environmentOf } from './environment.ts';
import type { Settings } from './settings.ts';

/** The working directory as the place where Developer Hub is configured. */
export function hubOptions({ io, output }: Context, { configuration }: Settings): HubOptions {
  const { policy, backstage, registries } = configuration;
  return {
    directory: io.cwd,
    environment: environmentOf(io),
    policy,
    settings: backstage,
    registries,
    log: hubLog(output),
  };
}

/** The lines that the original would print are for those who want to know more; its warnings are for everybody. */
export function hubLog(output: Output): LogSink {
  const each = (text: string, say: (line: string) => void): void => text.trim().split('\n').forEach(say);
  return {
    line: (text) => each(text, (line) => output.detail(line)),
    warn: (text) => each(text, (line) => output.note(line)),
  };
}
