import { connect } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Cleanup } from './cleanup.ts';
import { listenOnLoopback } from './listen.ts';

/** A TLS port before a plain one. */
export interface TlsFront {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** How many connections offered a client certificate that the front accepted or did not check. */
  readonly clientCertificates: () => number;
  close(): Promise<void>;
}

/** Ends TLS and passes everything on to `host:port`: puts a registry behind HTTPS, with `requestCert` behind certificates. */
export async function startTlsFront(t: Cleanup, tls: TlsOptions, target: string): Promise<TlsFront> {
  let clientCertificates = 0;
  const [host = '', port] = target.split(':');
  const server = createServer(tls, (outside: TLSSocket) => {
    if (Object.keys(outside.getPeerCertificate()).length > 0) clientCertificates += 1;
    const inside = connect({ host, port: Number(port) });
    inside.on('error', () => outside.destroy());
    inside.on('close', () => outside.destroy());
    outside.on('error', () => inside.destroy());
    outside.on('close', () => inside.destroy());
    outside.pipe(inside).pipe(outside);
  });
  const { address, close } = await listenOnLoopback(t, server);
  return { address, url: `https://${address}`, clientCertificates: () => clientCertificates, close };
}
