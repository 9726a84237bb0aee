import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Cleanup, listenOnLoopback } from '@gantry/testkit';
import type { Op } from '../op.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** Sends a request to a path of a registry, GET and 200 by default. */
export function ask(
  transport: Transport,
  registry: string,
  path: string,
  options: Partial<Omit<TransportRequest, 'url' | 'registry'>> = {},
  op?: Op,
): Promise<TransportResponse> {
  const url = new URL(path, transport.baseUrl(registry));
  return transport.request({ method: 'GET', access: [], accept: [200], ...options, url, registry }, op);
}

/** The body of a GET as text, at most 64 KiB. */
export async function textOf(answer: Promise<TransportResponse>): Promise<string> {
  return Buffer.from(await (await answer).bytes(65_536)).toString();
}

/** An HTTP server for one test; `host:port` of where it listens, and the requests it got. */
export async function serveHttp(
  t: Cleanup,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ address: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  const { address } = await listenOnLoopback(t, server);
  return { address, requests };
}
