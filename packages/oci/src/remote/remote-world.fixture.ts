import type { TestContext } from 'node:test';
import { type Rule, type ScriptedRegistry, type ScriptOptions, scriptedRegistry } from '@gantry/testkit';
import type { Repository } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { type DigestAlgorithm, digestOf } from '../digest.ts';
import { MediaType } from '../media-types.ts';
import type { Op, OpEvent } from '../op.ts';
import { parseReference, type Reference } from '../reference.ts';
import { openTransport } from '../transport/open-transport.ts';
import type { RegistrySettings, Transport } from '../transport/transport.ts';
import { openRepository } from './open-repository.ts';

/** A scripted registry and a client of it that does not wait between attempts. */
export interface RemoteWorld {
  readonly registry: ScriptedRegistry;
  readonly transport: Transport;
  readonly repository: Repository;
  readonly events: OpEvent[];
  readonly op: Op;
  ref(suffix: string): Reference;
  warnings(): string[];
  /** Requests so far, as `METHOD last-part-of-path`. */
  asked(): string[];
}

export interface WorldOptions {
  readonly script?: ScriptOptions;
  readonly settings?: RegistrySettings;
  readonly limits?: Readonly<Record<string, number>>;
  readonly name?: string;
}

export async function remoteWorld(
  t: TestContext,
  rules: readonly Rule[] = [],
  options: WorldOptions = {},
): Promise<RemoteWorld> {
  const cleanups: (() => unknown)[] = [];
  const registry = await scriptedRegistry({ after: (work) => void cleanups.push(work) }, rules, options.script);
  const transport = openTransport({ registries: { [registry.address]: options.settings ?? {} } });
  t.after(async () => {
    // The client first: a registry waits for the connections of its clients.
    await transport[Symbol.asyncDispose]();
    for (const work of cleanups) await work();
  });
  return worldOf(registry, transport, options);
}

/** A world around a registry and a transport that are there. */
export function worldOf(registry: ScriptedRegistry, transport: Transport, options: WorldOptions = {}): RemoteWorld {
  const events: OpEvent[] = [];
  const name = `${registry.address}/${options.name ?? 'team/app'}`;
  return {
    registry,
    transport,
    repository: openRepository(name, transport),
    events,
    op: { onEvent: (event) => void events.push(event), limits: { retryDelay: 0, ...options.limits } },
    ref: (suffix) => parseReference(`${name}${suffix}`),
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
    asked: () =>
      registry.log.requests.map(({ method, path }) => `${method} ${path.replace(/.*\/(?=[^/]+\/[^/]*$)/, '')}`),
  };
}

/** Bytes and their descriptor. */
export interface Content {
  readonly what: Descriptor;
  readonly bytes: Uint8Array;
}

export function blob(content: string | Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Content {
  const bytes = Buffer.from(content);
  return {
    bytes,
    what: { mediaType: MediaType.octetStream, digest: digestOf(bytes, algorithm), size: bytes.length },
  };
}

/** An image manifest; `extra` goes into the document. */
export function manifest(
  extra: Readonly<Record<string, unknown>> = {},
  algorithm: DigestAlgorithm = 'sha256',
): Content {
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.imageManifest,
    config: plain(EMPTY.what),
    layers: [],
    ...extra,
  };
  return documentOf(document, String(document.mediaType), algorithm);
}

/** Any JSON document as a manifest of a type. */
export function documentOf(document: unknown, mediaType: string, algorithm: DigestAlgorithm = 'sha256'): Content {
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, what: { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length } };
}

export const EMPTY: Content = { ...blob('{}'), what: { ...blob('{}').what, mediaType: MediaType.empty } };

/** A descriptor as it is written into documents. */
export function plain({ mediaType, digest, size }: Descriptor): Record<string, unknown> {
  return { mediaType, digest, size };
}

/** Puts a blob behind the protocol. */
export async function stockBlob({ registry }: RemoteWorld, { what, bytes }: Content, name = 'team/app'): Promise<void> {
  const upload = await registry.storage.startUpload();
  await upload.write(bytes);
  await upload.commit(name, what.digest);
}

/** Puts a manifest behind the protocol. */
export async function stockManifest(
  { registry }: RemoteWorld,
  { what, bytes }: Content,
  tag?: string,
  name = 'team/app',
): Promise<void> {
  const subject = JSON.parse(Buffer.from(bytes).toString()).subject?.digest;
  const { digest, mediaType } = what;
  await registry.storage.putManifest(name, { digest, mediaType, bytes, ...(subject ? { subject } : {}) });
  if (tag !== undefined) await registry.storage.putTag(name, tag, digest);
}

/** Everything an iterable gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Everything an iterable gives, in one piece. */
export async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await all(content));
}

/** Content in pieces, as a source would give it. */
export function pieces(bytes: Uint8Array, size = 1000): () => AsyncIterable<Uint8Array> {
  return async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
}
