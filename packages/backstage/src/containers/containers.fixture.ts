import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Op, OpEvent } from '@gantry/oci';
import { fakeEnvironment, tempDir } from '@gantry/testkit';
import type { ContainersPlaces } from './containers-places.ts';
import { openRegistries, type Registries } from './open-registries.ts';

/** A machine's files of the containers tools, in a directory of its own. */
export interface ContainersWorld {
  /** The directory that stands for the root of the file system. */
  readonly directory: string;
  readonly home: string;
  readonly places: ContainersPlaces;
  readonly op: Op;
  readonly events: OpEvent[];
  /** Writes a file, `etc/policy.json` or `home/.config/containers/policy.json`, and gives its path. */
  write(name: string, text: string | Uint8Array): Promise<string>;
  /** Opens the registries of one run. */
  registries(env?: Record<string, string>): Registries;
  /** What was told as a warning. */
  warnings(): readonly string[];
}

export async function containersWorld(t: TestContext): Promise<ContainersWorld> {
  const directory = await tempDir(t);
  const home = join(directory, 'home');
  const places = {
    system: join(directory, 'etc'),
    user: join(home, '.config', 'containers'),
    signatures: join(directory, 'signatures'),
  };
  const events: OpEvent[] = [];
  return {
    ...{ directory, home, places, events },
    op: { onEvent: (event) => void events.push(event), limits: { retries: 1 } },
    write: async (name, text) => {
      const file = join(directory, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    registries: (env = {}) => {
      const environment = fakeEnvironment({ env: { HOME: home, PATH: '/usr/bin:/bin', ...env } });
      const registries = openRegistries({ places, environment, settings: {} });
      t.after(() => registries[Symbol.asyncDispose]());
      return registries;
    },
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
  };
}
