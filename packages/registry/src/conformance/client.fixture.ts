import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type TestContext, test } from 'node:test';
import { type Descriptor, type Digest, digestOf, MediaType } from '@gantry/oci';
import { startRegistry, type TestRegistry, tempDir } from '@gantry/testkit';
import { directoryStorage, memoryStorage, type RegistryOptions } from '../index.ts';

/** What a request may carry. */
export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The first error code of the body; undefined when it has none. */
  readonly code: string | undefined;
}

/** Plain node:http against one registry: no client of ours in between that could hide what the server does. */
export class RawClient {
  readonly registry: TestRegistry;

  constructor(registry: TestRegistry) {
    this.registry = registry;
  }

  /** Sends one request; `path` may be a Location, absolute or relative. */
  ask(method: string, path: string, options: Ask = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length = options.body === undefined ? {} : { 'content-length': Buffer.byteLength(options.body) };
      const headers = { ...length, ...options.headers };
      const request = httpRequest(new URL(path, this.registry.url), { method, headers, agent: false });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body, code: errorCodeOf(body) });
        });
      });
      request.end(options.body);
    });
  }

  /** Pushes a blob by POST and PUT. */
  async pushBlob(
    repository: string,
    bytes: Uint8Array,
    mediaType: string = MediaType.octetStream,
  ): Promise<Descriptor> {
    const digest = digestOf(bytes);
    const { headers } = await this.ask('POST', `/v2/${repository}/blobs/uploads/`);
    const put = await this.ask('PUT', `${headers.location}?digest=${digest}`, { body: bytes });
    if (put.status !== 201) throw new Error(`blob refused: ${put.status} ${put.body}`);
    return { mediaType, digest, size: bytes.length };
  }

  /** Pushes a manifest under a reference. */
  putManifest(repository: string, reference: string, manifest: Uint8Array, type?: string): Promise<Answer> {
    const headers = { 'content-type': type ?? MediaType.imageManifest };
    return this.ask('PUT', `/v2/${repository}/manifests/${reference}`, { body: manifest, headers });
  }

  /** Pushes a small artifact with a config, one layer and whatever else the manifest shall say; gives its bytes. */
  async pushArtifact(repository: string, reference: string | undefined, more: object = {}): Promise<Pushed> {
    const config = await this.pushBlob(repository, Buffer.from('{}'), MediaType.empty);
    const layer = await this.pushBlob(repository, Buffer.from('layer'));
    const bytes = manifestBytes(config, [layer], more);
    const digest = digestOf(bytes);
    const answer = await this.putManifest(repository, reference ?? digest, bytes);
    if (answer.status !== 201) throw new Error(`manifest refused: ${answer.status} ${answer.body}`);
    return { bytes, digest, answer, descriptor: { mediaType: MediaType.imageManifest, digest, size: bytes.length } };
  }
}

/** A manifest that was pushed. */
export interface Pushed {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly descriptor: Descriptor;
  readonly answer: Answer;
}

/** An image manifest as JSON. */
export function manifestBytes(config: Descriptor, layers: readonly Descriptor[], more: object = {}): Uint8Array {
  const document = { schemaVersion: 2, mediaType: MediaType.imageManifest, config, layers, ...more };
  return Buffer.from(JSON.stringify(document));
}

function errorCodeOf(body: Buffer): string | undefined {
  try {
    const document = JSON.parse(body.toString()) as { errors?: { code: string }[] };
    return document.errors?.[0]?.code;
  } catch {
    return undefined;
  }
}

/** Registers a test for each storage. */
export function conformanceTest(
  name: string,
  run: (client: RawClient, t: TestContext) => Promise<void>,
  options: Partial<Omit<RegistryOptions, 'storage'>> = {},
): void {
  for (const kind of ['memory', 'directory'] as const) {
    test(`${name} (${kind})`, async (t) => {
      const storage = kind === 'memory' ? memoryStorage(options) : directoryStorage(await tempDir(t), options);
      await run(new RawClient(await startRegistry(t, { ...options, storage })), t);
    });
  }
}
