import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Op, Transport } from '@gantry/oci';
import type { Updater } from 'tuf-js';
import { coreLimits } from '../../core-limits.ts';
import { errorCode } from '../../files/durable.ts';
import { transportFetcher } from './tuf-fetcher.ts';
import { TUF_ROLES, type TufRole, type TufState, versionsOf } from './tuf-state.ts';

const TARGET = 'trusted_root.json';
const KiB = 1024;

/** What an update starts from, and over what it goes. */
export interface TufUpdate {
  readonly mirror: string;
  readonly initialRoot: Buffer;
  /** What is known already; the answer never falls behind it. */
  readonly known: TufState | undefined;
  readonly transport: Transport;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** An update that failed: why, and what was known with a newer root that was verified before, which is worth keeping. */
export class TufUpdateError extends Error {
  readonly progress: TufState | undefined;

  constructor(message: string, cause: unknown, progress: TufState | undefined) {
    super(message, { cause });
    this.progress = progress;
  }
}

/**
 * The update of a TUF client (TUF specification 1.0, section 5), done by tuf-js in a directory of its own, so that the
 * kept state is replaced as a whole or not at all. Throws {@link TufUpdateError}, or the signal's reason.
 */
export async function updateTuf(update: TufUpdate, op?: Op): Promise<TufState> {
  const { Updater } = await import('tuf-js');
  const { DownloadHTTPError: HttpError } = await import('tuf-js/dist/error.js');
  const directory = await workDirectory();
  const limit = coreLimits(op, 'trustRootBytes');
  const fetcher = transportFetcher({ transport: update.transport, directory, limit, HttpError }, op);
  try {
    await restore(directory, update);
    const updater = new Updater({
      metadataDir: directory,
      metadataBaseUrl: update.mirror,
      targetDir: directory,
      targetBaseUrl: `${update.mirror}/targets`,
      fetcher,
      config: {
        maxDelegations: 0,
        timestampMaxLength: 16 * KiB,
        rootMaxLength: limit,
        snapshotMaxLength: limit,
        targetsMaxLength: limit,
      },
    });
    await updater.refresh();
    const trustedRoot = await fetchTarget(updater, directory, limit);
    return { mirror: update.mirror, checked: update.now, metadata: await metadataIn(directory), trustedRoot };
  } catch (error) {
    op?.signal?.throwIfAborted();
    const cause = fetcher.failure ?? error;
    throw new TufUpdateError(
      error instanceof Error ? error.message : String(error),
      cause,
      await progress(directory, update),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function workDirectory(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'gantry-tuf-'));
  } catch (cause) {
    throw new TufUpdateError(`no directory can be made in ${tmpdir()} (${errorCode(cause)})`, cause, undefined);
  }
}

async function restore(directory: string, { initialRoot, known }: TufUpdate): Promise<void> {
  await writeFile(join(directory, 'root.json'), known?.metadata.root ?? initialRoot, { mode: 0o600 });
  if (known === undefined) return;
  for (const role of TUF_ROLES) await writeFile(metadataPath(directory, role), known.metadata[role], { mode: 0o600 });
  await writeFile(join(directory, TARGET), known.trustedRoot, { mode: 0o600 });
}

async function fetchTarget(updater: Updater, directory: string, limit: number): Promise<Buffer> {
  const info = await updater.getTargetInfo(TARGET);
  if (info === undefined) throw new Error(`the repository has no ${TARGET}`);
  if (info.length > limit) throw new Error(`${TARGET} has ${info.length} bytes, more than ${limit}`);
  const path = join(directory, TARGET);
  return readFile((await updater.findCachedTarget(info, path)) ?? (await updater.downloadTarget(info, path)));
}

/** A newer root withdraws keys. It is kept even when the rest failed: going back to the old one would restore them. */
async function progress(directory: string, { known }: TufUpdate): Promise<TufState | undefined> {
  if (known === undefined) return undefined;
  const root = await readFile(metadataPath(directory, 'root'));
  const metadata = { ...known.metadata, root };
  return versionsOf({ metadata }).root > versionsOf(known).root ? { ...known, metadata } : undefined;
}

async function metadataIn(directory: string): Promise<TufState['metadata']> {
  const [root, timestamp, snapshot, targets] = await Promise.all(
    TUF_ROLES.map((role) => readFile(metadataPath(directory, role))),
  );
  if (root === undefined || timestamp === undefined || snapshot === undefined || targets === undefined) {
    throw new Error('metadata is missing');
  }
  return { root, timestamp, snapshot, targets };
}

function metadataPath(directory: string, role: TufRole): string {
  return join(directory, `${role}.json`);
}
