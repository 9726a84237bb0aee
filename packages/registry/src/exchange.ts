import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { RegistryStorage } from './storage.ts';

/** One request with its answer, as the endpoints see it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly storage: RegistryStorage;
  /** Overrides of limits by name. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** Header names and values of an answer. */
export type AnswerHeaders = Readonly<Record<string, string | number | string[]>>;

/** Answers with a whole body; a HEAD gets the same headers without it. */
export function answer(exchange: Exchange, status: number, headers: AnswerHeaders, body?: string | Uint8Array): void {
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  const bodyless = status === 204 || status === 304;
  exchange.response.writeHead(status, bodyless ? headers : { ...headers, 'content-length': length });
  exchange.response.end(exchange.method === 'HEAD' || bodyless ? undefined : body);
}

/** Answers with a JSON document. */
export function answerJson(exchange: Exchange, document: unknown, headers: AnswerHeaders = {}): void {
  answer(exchange, 200, { 'content-type': 'application/json', ...headers }, JSON.stringify(document));
}

/** Answers with bytes as they come. A client that goes away ends it silently. */
export async function answerStream(
  exchange: Exchange,
  status: number,
  headers: AnswerHeaders,
  body: () => AsyncIterable<Uint8Array>,
): Promise<void> {
  exchange.response.writeHead(status, headers);
  if (exchange.method === 'HEAD') {
    exchange.response.end();
    return;
  }
  await pipeline(body(), exchange.response);
}
