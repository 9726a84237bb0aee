import type { ClientRequest } from 'node:http';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { type StallWatch, watchStalls } from './stall-watch.ts';
import type { RequestBody } from './transport.ts';

/** Writes the body of one request at the pace of the connection. */
export class RequestBodyWriter {
  /** Bytes handed to the connection. */
  sent = 0;
  /** What the body's own content threw; never a fault of the network. */
  failure: unknown;
  readonly #body: RequestBody | undefined;
  readonly #request: ClientRequest;
  readonly #watch: StallWatch;
  #stopped = false;

  constructor(body: RequestBody | undefined, request: ClientRequest, environment: Environment, op: Op | undefined) {
    this.#body = body;
    this.#request = request;
    const limit = ociLimits(op, 'idleTimeout');
    this.#watch = watchStalls(environment, limit, () => {
      this.failure = ociError('REGISTRY_TIMEOUT', `the registry took no byte of the body for ${limit} ms`, {
        details: { limit: 'idleTimeout', milliseconds: limit },
      });
      request.destroy();
    });
  }

  /** Ends the request when the content ends; rejects when the content throws or has another length than it said. */
  async write(): Promise<void> {
    if (this.#body === undefined) {
      this.#request.end();
      return;
    }
    try {
      await this.#pump(this.#body);
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  /** No more bytes: an answer came, or the request is over. */
  stop(): void {
    this.#stopped = true;
    this.#watch.stop();
  }

  async #pump(body: RequestBody): Promise<void> {
    for await (const chunk of body.content()) {
      if (this.#stopped || this.#request.destroyed) return;
      this.sent += chunk.length;
      if (this.sent > body.length) break;
      if (!this.#request.write(chunk)) await this.#drained();
    }
    if (this.#stopped || this.#request.destroyed) return;
    if (this.sent !== body.length) {
      throw ociError(
        'CONTENT_SIZE_MISMATCH',
        `the content to send has another size: expected ${body.length} bytes, found ${this.sent > body.length ? 'more' : this.sent}`,
        { details: { expected: body.length } },
      );
    }
    this.#request.end();
  }

  #drained(): Promise<void> {
    this.#watch.begin();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#request.off('drain', done);
        this.#request.off('close', done);
        this.#watch.end();
        resolve();
      };
      this.#request.once('drain', done);
      this.#request.once('close', done);
    });
  }
}
