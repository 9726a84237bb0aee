import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { withDeadline } from './deadline.ts';
import { networkError } from './network-errors.ts';
import { displayUrl } from './origin.ts';
import { watchStalls } from './stall-watch.ts';

/** What an {@link Answer} needs from the exchange it belongs to. */
export interface AnswerContext {
  readonly environment: Environment;
  readonly op: Op | undefined;
  readonly signal: AbortSignal;
  readonly request: ClientRequest;
  readonly url: URL;
  /** Called once, when the body was read, dropped or broke. */
  readonly finish: (bytesReceived: number) => void;
}

/** An answer is small enough to be read to its end for the sake of its connection. */
const WORTH_DRAINING = 64 * 1024;

/** The answer of one exchange. Its body is read once: as an iterable, whole, or not at all. */
export class Answer {
  readonly status: number;
  readonly url: URL;
  /** The connection it came over. */
  readonly socket: Duplex;
  readonly #message: IncomingMessage;
  readonly #context: AnswerContext;
  readonly #headers = new Map<string, string>();
  #afterwards: (() => void)[] = [];
  #received = 0;
  #finished = false;

  constructor(message: IncomingMessage, context: AnswerContext) {
    this.#message = message;
    this.#context = context;
    this.status = message.statusCode ?? 0;
    this.url = context.url;
    this.socket = message.socket;
    const raw = message.rawHeaders;
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = String(raw[index]).toLowerCase();
      const before = this.#headers.get(name);
      this.#headers.set(name, before === undefined ? String(raw[index + 1]) : `${before}, ${raw[index + 1]}`);
    }
    message.on('error', () => {});
    this.#releaseWhenEmpty();
    if (context.signal.aborted) this.#finish();
    else context.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  header(name: string): string | undefined {
    return this.#headers.get(name.toLowerCase());
  }

  /** Every value of a header, in order, unjoined. */
  headerValues(name: string): string[] {
    return this.#message.headersDistinct[name.toLowerCase()] ?? [];
  }

  /** Runs `work` when the body was read, dropped or broke. */
  afterwards(work: () => void): void {
    if (this.#finished) work();
    else this.#afterwards.push(work);
  }

  /** The raw body. Throws `REGISTRY_TIMEOUT`, `REGISTRY_UNREACHABLE` and the signal's reason. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    const { environment, op, signal } = this.#context;
    const idle = ociLimits(op, 'idleTimeout');
    const slowest = ociLimits(op, 'minimumRate');
    let late: unknown;
    const stop = (why: string, limit: string): void => {
      const where = displayUrl(this.url);
      late = ociError('REGISTRY_TIMEOUT', `${where} ${why} after ${this.#received} bytes`, {
        details: { limit, bytes: this.#received },
      });
      this.#message.destroy();
    };
    const watch = watchStalls(environment, idle, () => stop(`sent nothing for ${idle} ms`, 'idleTimeout'));
    const chunks = this.#message[Symbol.asyncIterator]();
    let waited = 0;
    let moved = 0;
    try {
      for (;;) {
        watch.begin();
        const next = await chunks.next();
        waited += watch.end();
        if (next.done === true) break;
        const chunk = next.value as Uint8Array;
        this.#received += chunk.length;
        moved += chunk.length;
        if (waited >= idle) {
          if ((moved * 1000) / waited < slowest) stop(`sends less than ${slowest} bytes a second`, 'minimumRate');
          waited = 0;
          moved = 0;
        }
        if (late !== undefined) throw late;
        yield chunk;
      }
      if (!this.#message.complete) throw Object.assign(new Error('closed early'), { code: 'ECONNRESET' });
    } catch (error) {
      signal.throwIfAborted();
      throw late ?? networkError(error, `${displayUrl(this.url)} broke off`, { bytes: this.#received });
    } finally {
      watch.stop();
      this.#finish();
    }
  }

  /** The whole body; `limit` is in bytes, `name` is what the message calls it. Throws `REGISTRY_LIMIT`. */
  async bytes(limit: number): Promise<Uint8Array> {
    const { environment, op, signal } = this.#context;
    const time = ociLimits(op, 'requestTimeout');
    const expired = (): unknown =>
      ociError('REGISTRY_TIMEOUT', `${displayUrl(this.url)} was not read within ${time} ms`, {
        details: { limit: 'requestTimeout', milliseconds: time },
      });
    try {
      return await withDeadline(environment, time, signal, expired, () => this.#collect(limit));
    } finally {
      this.#finish();
    }
  }

  /** Drops the body; what is short is read to its end, so that the connection stays. */
  async discard(): Promise<void> {
    const length = Number(this.header('content-length') ?? 'NaN');
    if (this.#message.complete || length <= WORTH_DRAINING) {
      await this.bytes(WORTH_DRAINING).catch(() => {});
    }
    this.#finish();
    this.#context.signal.throwIfAborted();
  }

  async #collect(limit: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.body()) {
      size += chunk.length;
      if (size > limit) {
        throw ociError('REGISTRY_LIMIT', `${displayUrl(this.url)} is longer than ${limit} bytes`, {
          details: { limit },
        });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  }

  /** An answer without a body gives its connection back by itself: nobody may come to read nothing. */
  #releaseWhenEmpty(): void {
    const { method } = this.#context.request;
    if (method !== 'HEAD' && this.status !== 204 && this.status !== 304 && this.header('content-length') !== '0')
      return;
    this.#message.once('end', () => this.#finish());
    this.#message.resume();
  }

  readonly #onAbort = (): void => this.#finish();

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    const { signal, request, finish } = this.#context;
    signal.removeEventListener('abort', this.#onAbort);
    // A request that was answered before it was sent whole cannot share its connection with the next one.
    if (!this.#message.complete || !this.#message.readableEnded || !request.writableFinished) request.destroy();
    finish(this.#received);
    for (const work of this.#afterwards) work();
    this.#afterwards = [];
  }
}
