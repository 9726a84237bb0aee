import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startRegistry, type TestRegistry, tempDir } from '@gantry/testkit';
import type { RecordIoOptions } from './io.fixture.ts';
import { gantry } from './run-main.fixture.ts';

/** The plugin that {@link place} publishes: greets its arguments, copies its input, logs a line, ends as it is told. */
export const SCRIPT = '#!/bin/sh\necho "hello $*"\ncat\necho "a log line" >&2\nexit $((EXIT + 0))\n';

/** A registry, and a directory that is working directory, home and everything else. */
export interface Place {
  readonly registry: TestRegistry;
  readonly cwd: string;
  readonly options: RecordIoOptions & { readonly env: Readonly<Record<string, string>> };
  /** `host:port/acme/hello`; the tag `1.0` is the script. */
  readonly ref: string;
  /** What `push` printed: the reference with its digest. */
  readonly pinned: string;
  readonly digest: string;
}

/** Makes a place with a published plugin. */
export async function place(t: TestContext): Promise<Place> {
  const registry = await startRegistry(t);
  const cwd = await tempDir(t);
  await writeFile(join(cwd, 'hello.sh'), SCRIPT);
  const options = { cwd, env: { HOME: cwd, GANTRY_HOME: join(cwd, 'home'), PATH: process.env['PATH'] ?? '' } };
  const ref = `${registry.address}/acme/hello`;
  const { out } = await gantry(['push', `${ref}:1.0`, 'hello.sh'], options);
  const pinned = out.trim();
  registry.log.clear();
  return { registry, cwd, options, ref, pinned, digest: pinned.slice(pinned.indexOf('@') + 1) };
}
