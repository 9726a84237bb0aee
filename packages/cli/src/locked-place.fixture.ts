import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Lock } from '@gantry/core';
import { type Place, place } from './place.fixture.ts';
import { gantry } from './run-main.fixture.ts';

/** A {@link Place} with a gantry.yaml. */
export interface LockedPlace extends Place {
  /** Absolute. */
  readonly lockFile: string;
  /** Writes gantry.yaml: trust entries as they are, and plugins by name and source. */
  declare(plugins: Readonly<Record<string, string>>, trust?: string): Promise<void>;
  /** What gantry.lock holds. */
  lock(): Promise<Lock>;
  /** The bytes of gantry.lock; undefined when there is none. */
  lockText(): Promise<string | undefined>;
  /** Publishes another version of `acme/NAME`, and gives its digest. */
  publish(name: string, greeting: string, tag?: string): Promise<string>;
}

/** Makes a place with a gantry.yaml that declares `hello` at the tag 1.0, and trusts the registry without signatures. */
export async function lockedPlace(t: TestContext): Promise<LockedPlace> {
  const at = await place(t);
  const lockFile = join(at.cwd, 'gantry.lock');
  const trustAll = `  - scope: ${at.registry.address}/\n    require: none\n`;
  const lockText = (): Promise<string | undefined> => readFile(lockFile, 'utf8').catch(() => undefined);
  const made: LockedPlace = {
    ...at,
    lockFile,
    declare: (plugins, trust = trustAll) => {
      const entries = Object.entries(plugins).map(([name, source]) => `  - name: ${name}\n    source: ${source}\n`);
      const rules = trust === '' ? '' : `trust:\n${trust}`;
      return writeFile(
        join(at.cwd, 'gantry.yaml'),
        `schemaVersion: 1\nlimits: { retries: 1 }\n${rules}plugins:\n${entries.join('')}`,
      );
    },
    lock: async () => JSON.parse((await lockText()) ?? ''),
    lockText,
    publish: async (name, greeting, tag = '1.0') => {
      const file = join(at.cwd, `${name}.sh`);
      await writeFile(file, `#!/bin/sh\necho "${greeting}"\n`);
      const { out } = await gantry(['push', `${at.registry.address}/acme/${name}:${tag}`, file], at.options);
      at.registry.log.clear();
      return out.trim().slice(out.indexOf('@') + 1);
    },
  };
  await made.declare({ hello: `${at.ref}:1.0` });
  return made;
}
