import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { Answer } from './answer.ts';
import type { ConnectionPool, Purpose } from './connection-pool.ts';
import { startDeadline } from './deadline.ts';
import { networkError } from './network-errors.ts';
import { displayUrl } from './origin.ts';
import { RequestBodyWriter } from './request-body.ts';
import type { RequestBody } from './transport.ts';

/** One HTTP request, every header decided. */
export interface ExchangeRequest {
  readonly method: string;
  readonly url: URL;
  /** What goes into the request line: the path, or the whole URL for a plain HTTP proxy. */
  readonly target?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  /** Default: `send` for what has content, else `read`. */
  readonly purpose?: Purpose;
}

/** What an exchange runs in. `signal` is that of the whole request: user's cancellation and operation deadline. */
export interface ExchangeContext {
  readonly environment: Environment;
  readonly pool: ConnectionPool;
  readonly op: Op | undefined;
  readonly signal: AbortSignal;
  /** Resolves when the origin may be asked: it may have wanted a pause while this request waited for its turn. */
  readonly rested: () => Promise<void>;
}

/**
 * Sends one request and returns when the headers of its answer are there. A connection that the server closed while it
 * was idle is replaced without a word for GET and HEAD.
 * Throws `REGISTRY_*` errors, whatever the body's content throws, and the signal's reason.
 */
export async function exchange(request: ExchangeRequest, context: ExchangeContext): Promise<Answer> {
  for (;;) {
    const attempt = new Attempt(request, context);
    try {
      return await attempt.run();
    } catch (error) {
      if (!attempt.wasStale || context.signal.aborted) throw error;
    }
  }
}

class Attempt {
  readonly #request: ExchangeRequest;
  readonly #context: ExchangeContext;
  #sent: ClientRequest | undefined;
  #answered = false;

  constructor(request: ExchangeRequest, context: ExchangeContext) {
    this.#request = request;
    this.#context = context;
  }

  /** Whether it failed on a reused connection before any answer, in a way that may be repeated at once. */
  get wasStale(): boolean {
    const idempotent = this.#request.method === 'GET' || this.#request.method === 'HEAD';
    return idempotent && this.#sent?.reusedSocket === true && !this.#answered;
  }

  async run(): Promise<Answer> {
    const { environment, pool, op, signal } = this.#context;
    const startedAt = environment.monotonic();
    const leave = await this.#enter(pool, signal);
    const sent = this.#send(leave);
    this.#sent = sent;
    const body = new RequestBodyWriter(this.#request.body, sent, environment, op);
    const report = (status: number | undefined, bytesReceived: number): void => {
      op?.onEvent?.({
        type: 'request',
        method: this.#request.method,
        url: displayUrl(this.#request.url),
        ...(status === undefined ? {} : { status }),
        bytesSent: body.sent,
        bytesReceived,
        durationMs: environment.monotonic() - startedAt,
      });
    };
    const onAbort = (): void => void sent.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    const finish = (status: number | undefined, received: number): void => {
      signal.removeEventListener('abort', onAbort);
      body.stop();
      leave();
      report(status, received);
    };
    try {
      const message = await this.#headers(sent, body);
      this.#answered = true;
      return new Answer(message, {
        environment,
        op,
        signal,
        request: sent,
        url: this.#request.url,
        finish: (received) => finish(message.statusCode, received),
      });
    } catch (error) {
      sent.destroy();
      finish(undefined, 0);
      signal.throwIfAborted();
      throw body.failure ?? networkError(error, `${this.#request.method} ${displayUrl(this.#request.url)}`);
    }
  }

  get #purpose(): Purpose {
    const { purpose, body } = this.#request;
    return purpose ?? (body === undefined || body.length === 0 ? 'read' : 'send');
  }

  async #enter(pool: ConnectionPool, signal: AbortSignal): Promise<() => void> {
    const leave = await pool.enter(this.#purpose, signal);
    try {
      await this.#context.rested();
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  #send(leave: () => void): ClientRequest {
    try {
      return this.#open();
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Throws Node's `TypeError` for a header that HTTP cannot carry. */
  #open(): ClientRequest {
    const { url, method, headers, target, body } = this.#request;
    // Registries need it: without one the body would be sent in chunks of unknown sum.
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const { op, signal, pool } = this.#context;
    const sent = httpRequest({
      method,
      path: target ?? `${url.pathname}${url.search}`,
      headers: { host: url.host, ...length, ...headers },
      setHost: false,
      maxHeaderSize: ociLimits(op, 'headerBytes'),
      ...pool.request(op, signal),
    });
    // An answer may come before the body is sent whole; what the socket says after that is of no interest.
    sent.on('error', () => {});
    return sent;
  }

  async #headers(sent: ClientRequest, body: RequestBodyWriter): Promise<IncomingMessage> {
    const { environment, op } = this.#context;
    const limit = ociLimits(op, 'requestTimeout');
    let stopClock: (() => void) | undefined;
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        sent.once('response', resolve);
        sent.once('error', reject);
        sent.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
        sent.once('finish', () => {
          const clock = startDeadline(environment, limit, undefined, () => undefined);
          stopClock = clock.end;
          clock.signal.addEventListener('abort', () => {
            reject(
              ociError('REGISTRY_TIMEOUT', `no answer from ${displayUrl(this.#request.url)} within ${limit} ms`, {
                details: { limit: 'requestTimeout', milliseconds: limit },
              }),
            );
          });
        });
        body.write().catch(reject);
      });
    } finally {
      stopClock?.();
    }
  }
}
