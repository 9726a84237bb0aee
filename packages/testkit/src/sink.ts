import assert from 'node:assert/strict';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Cleanup } from './cleanup.ts';
import { listenOnLoopback } from './listen.ts';

/** What a sink answers to a request head. */
export interface SinkAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Options of {@link startSink}. */
export interface SinkOptions {
  /** Key and certificate, with `requestCert` to see whether clients offer one; without it plain TCP. */
  readonly tls?: TlsOptions;
  /** The answer by method and target of the request line. Default: 200 without content. */
  readonly answer?: (method: string, target: string, head: string) => SinkAnswer;
}

/** A second origin that remembers every byte it got. */
export interface Sink {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** `http://127.0.0.1:PORT`, or `https://`. */
  readonly url: string;
  /** Everything received, over all connections, decrypted. */
  received(): Buffer;
  /** Heads of the requests, request line first. */
  readonly heads: readonly string[];
  /** How many connections were opened. */
  readonly connections: () => number;
  /** How many of them offered a client certificate. */
  readonly clientCertificates: () => number;
  /** Fails when a secret arrived: as it is, percent-encoded, or inside base64 at any alignment. */
  assertNoSecret(...secrets: readonly string[]): void;
  close(): Promise<void>;
}

/** Starts a sink on a free loopback port and stops it after the test. */
export async function startSink(t: Cleanup, options: SinkOptions = {}): Promise<Sink> {
  const chunks: Buffer[] = [];
  const heads: string[] = [];
  let connections = 0;
  let clientCertificates = 0;

  const accept = (socket: Socket): void => {
    connections += 1;
    let unread = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      unread += chunk.toString('latin1');
      for (let end = unread.indexOf('\r\n\r\n'); end >= 0; end = unread.indexOf('\r\n\r\n')) {
        const head = unread.slice(0, end);
        unread = unread.slice(end + 4);
        // Bodies may hold anything, also an empty line: only what begins like a request is one.
        if (!/^[A-Z]+ \S+ HTTP\/1\.[01]\r\n/.test(`${head}\r\n`)) continue;
        heads.push(head);
        reply(socket, head, options.answer);
      }
    });
  };
  const server = options.tls === undefined ? createTcpServer(accept) : createTlsServer(options.tls);
  server.on('secureConnection', (socket: TLSSocket) => {
    if (Object.keys(socket.getPeerCertificate()).length > 0) clientCertificates += 1;
    accept(socket);
  });
  const { address, close } = await listenOnLoopback(t, server);
  const received = (): Buffer => Buffer.concat(chunks);
  return {
    address,
    url: `${options.tls === undefined ? 'http' : 'https'}://${address}`,
    received,
    heads,
    connections: () => connections,
    clientCertificates: () => clientCertificates,
    assertNoSecret: (...secrets) => {
      const text = received().toString('latin1');
      for (const secret of secrets) {
        const found = encodings(secret).find((form) => text.includes(form));
        assert.equal(found, undefined, 'a secret arrived at the sink');
      }
    },
    close,
  };
}

function reply(socket: Socket, head: string, answer: SinkOptions['answer']): void {
  const [method = '', target = ''] = head.split(' ', 2);
  const { status, headers = {}, body = '' } = answer?.(method, target, head) ?? { status: 200 };
  const bytes = Buffer.from(body);
  const lines = Object.entries({ 'content-length': String(bytes.length), ...headers }).map(([k, v]) => `${k}: ${v}`);
  socket.write(`HTTP/1.1 ${status} Sink\r\n${lines.join('\r\n')}\r\n\r\n`);
  if (method !== 'HEAD') socket.write(bytes);
}

/** How a text may look on the wire. In base64, only the characters that do not depend on its neighbours. */
function encodings(secret: string): string[] {
  const aligned = [0, 1, 2].map((shift) => {
    const bytes = Buffer.from(' '.repeat(shift) + secret);
    const whole = bytes.length - (bytes.length % 3);
    const start = shift === 0 ? 0 : 4;
    return bytes.subarray(0, whole).toString('base64').slice(start);
  });
  return [secret, encodeURIComponent(secret), ...aligned].filter((form) => form.length >= 4);
}
