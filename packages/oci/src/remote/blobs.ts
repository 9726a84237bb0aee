import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import type { Op } from '../op.ts';
import { type Endpoint, endpointUrl, send } from './endpoint.ts';
import { mountBlob } from './mount.ts';
import { uploadBlob } from './upload.ts';
import type { UploadSession } from './upload-session.ts';

/**
 * From this size on a blob is asked for before it is sent: sending a smaller one costs less than a round trip
 * (80 ms at 10 MB/s are 800 KB), and a thousand small blobs then cost no request too many.
 */
const WORTH_ASKING = 512 * 1024;

/** What is remembered of blobs and open uploads; a push is far smaller. */
const MOST_REMEMBERED = 10_000;

/** Writes blobs to one repository. It remembers which are there, so that none is sent or asked for twice. */
export class BlobWriter {
  readonly #at: Endpoint;
  readonly #there: Map<Digest, boolean> = new Map();
  readonly #opened: Map<Digest, UploadSession> = new Map();

  constructor(at: Endpoint) {
    this.#at = at;
  }

  /** One HEAD, unless the answer is known. */
  async has(what: Descriptor, op?: Op): Promise<boolean> {
    if (this.#there.get(what.digest) === true) return true;
    const url = endpointUrl(this.#at, `blobs/${what.digest}`);
    const call = { method: 'HEAD', url, actions: ['pull'], accept: [200, 404] } as const;
    const response = await send(this.#at, call, op);
    await response.discard();
    const there = response.status === 200;
    this.#remember(what.digest, there);
    return there;
  }

  /** Sends a blob unless it is known to be there; a large one is asked for first, unless somebody just did. */
  async push(what: Descriptor, content: () => AsyncIterable<Uint8Array>, op?: Op): Promise<void> {
    const opened = this.#opened.get(what.digest);
    this.#opened.delete(what.digest);
    const known = this.#there.get(what.digest);
    const ask = known === undefined && opened === undefined && what.size >= WORTH_ASKING;
    if (known === true || (ask && (await this.has(what, op)))) return;
    await uploadBlob({ at: this.#at, what, content, op }, opened);
    this.#remember(what.digest, true);
  }

  /** Mounts a blob; false when it has to be pushed. */
  async mount(what: Descriptor, fromRepository: string, op?: Op): Promise<boolean> {
    if (this.#there.get(what.digest) === true) return true;
    const answer = await mountBlob(this.#at, what, fromRepository, op);
    if (answer === 'stored') this.#remember(what.digest, true);
    else if (answer !== undefined && this.#opened.size < MOST_REMEMBERED) this.#opened.set(what.digest, answer.session);
    return answer === 'stored';
  }

  #remember(digest: Digest, there: boolean): void {
    if (this.#there.size >= MOST_REMEMBERED) this.#there.clear();
    this.#there.set(digest, there);
  }
}
