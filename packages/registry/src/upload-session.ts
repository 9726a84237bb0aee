import { randomUUID } from 'node:crypto';
import { createHasher, type Digest, type DigestAlgorithm, digestAlgorithm, type Hasher } from '@gantry/oci';
import { ProtocolError } from './protocol-error.ts';
import { registryLimits } from './registry-limits.ts';
import type { RegistryStorage, StorageUpload } from './storage.ts';

/** An upload that a client has started: hashed as it arrives, by one request at a time. */
export class UploadSession {
  readonly id: string = randomUUID();
  readonly repository: string;
  lastUsed: number = Date.now();
  #busy = false;
  readonly #upload: StorageUpload;
  readonly #hasher: Hasher;
  readonly #algorithm: DigestAlgorithm;

  constructor(repository: string, upload: StorageUpload, algorithm: DigestAlgorithm) {
    this.repository = repository;
    this.#upload = upload;
    this.#algorithm = algorithm;
    this.#hasher = createHasher(algorithm);
  }

  get size(): number {
    return this.#upload.size;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Runs `work` alone; `BLOB_UPLOAD_INVALID` (409) while another request writes to the same upload. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) {
      throw new ProtocolError('BLOB_UPLOAD_INVALID', 'another request writes to this upload', { status: 409 });
    }
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
      this.lastUsed = Date.now();
    }
  }

  /** Appends. What arrived before a fault stays, and the client may go on from there. */
  async append(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      await this.#upload.write(chunk);
      this.#hasher.update(chunk);
    }
  }

  /** Stores the bytes as a blob. Throws `DIGEST_INVALID` when they do not have this digest. */
  async commit(expected: Digest): Promise<void> {
    if ((await this.#digest(digestAlgorithm(expected))) !== expected) {
      throw new ProtocolError('DIGEST_INVALID', 'the content does not have this digest');
    }
    await this.#upload.commit(this.repository, expected);
  }

  async #digest(algorithm: DigestAlgorithm): Promise<Digest> {
    if (algorithm === this.#algorithm) return this.#hasher.digest();
    // The client announced another algorithm, or none: hash again what was written.
    const hasher = createHasher(algorithm);
    for await (const chunk of this.#upload.read()) hasher.update(chunk);
    return hasher.digest();
  }

  async discard(): Promise<void> {
    await this.#upload.discard();
  }
}

/** The open uploads of one server. */
export class UploadSessions {
  readonly #sessions = new Map<string, UploadSession>();
  readonly #storage: RegistryStorage;
  readonly #maxCount: number;
  readonly #maxAge: number;

  constructor(storage: RegistryStorage, limits?: Readonly<Record<string, number>>) {
    const op = limits === undefined ? undefined : { limits };
    this.#storage = storage;
    this.#maxCount = registryLimits(op, 'servedUploads');
    this.#maxAge = registryLimits(op, 'servedUploadAge');
  }

  /** Starts an upload. Throws `TOOMANYREQUESTS` when too many are open. */
  async start(repository: string, algorithm: DigestAlgorithm): Promise<UploadSession> {
    await this.#dropIdle();
    if (this.#sessions.size >= this.#maxCount) {
      throw new ProtocolError('TOOMANYREQUESTS', `at most ${this.#maxCount} uploads may be open`);
    }
    const session = new UploadSession(repository, await this.#storage.startUpload(), algorithm);
    this.#sessions.set(session.id, session);
    return session;
  }

  /** The upload of this repository with this id; `BLOB_UPLOAD_UNKNOWN` when there is none. */
  find(repository: string, id: string): UploadSession {
    const session = this.#sessions.get(id);
    if (session === undefined || session.repository !== repository) {
      throw new ProtocolError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload');
    }
    return session;
  }

  /** Ends an upload; a committed one keeps its blob. */
  async end(session: UploadSession): Promise<void> {
    this.#sessions.delete(session.id);
    await session.discard();
  }

  /** Ends all uploads. */
  async close(): Promise<void> {
    for (const session of [...this.#sessions.values()]) await this.end(session);
  }

  async #dropIdle(): Promise<void> {
    const oldest = Date.now() - this.#maxAge;
    for (const session of [...this.#sessions.values()]) {
      if (!session.busy && session.lastUsed < oldest) await this.end(session);
    }
  }
}
