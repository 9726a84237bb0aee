import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { tlsError } from './tls-errors.ts';

/**
 * Speaks TLS 1.2 or newer to `host` over a connected socket and returns when the certificate was accepted.
 * Throws `REGISTRY_TLS`; destroys the socket on failure and abort.
 */
export function connectTls(
  socket: Duplex,
  host: string,
  trust: { readonly secureContext: SecureContext; readonly anyCertificate: boolean },
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connect({
      socket,
      host,
      // A server name must not be an address (RFC 6066, section 3).
      ...(isIP(host) === 0 ? { servername: host } : {}),
      secureContext: trust.secureContext,
      // SAFETY: NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise switch it off for every registry at once.
      rejectUnauthorized: !trust.anyCertificate,
      ALPNProtocols: ['http/1.1'],
    });
    let issuer: string | undefined;
    const settle = (): void => {
      secure.off('secureConnect', onSecure);
      secure.off('error', onError);
      secure.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (reason: unknown): void => {
      settle();
      secure.on('error', () => {});
      secure.destroy();
      socket.destroy();
      reject(reason);
    };
    const onSecure = (): void => {
      settle();
      resolve(secure);
    };
    const onError = (error: Error): void => fail(tlsError(error, host, issuer));
    const onClose = (): void =>
      fail(tlsError(Object.assign(new Error('closed'), { code: 'ECONNRESET' }), host, issuer));
    const onAbort = (): void => fail(signal.reason);
    // Node drops the peer's certificate before it reports that it refused it; this comes first.
    secure.prependListener('secure', () => {
      issuer = missingIssuer(secure);
    });
    secure.once('secureConnect', onSecure);
    secure.once('error', onError);
    secure.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/** The name of the authority that signed the last certificate of the chain the peer sent. */
function missingIssuer(socket: TLSSocket): string | undefined {
  let certificate = socket.getPeerCertificate(true);
  for (let depth = 0; depth < 16; depth += 1) {
    const next = certificate?.issuerCertificate;
    if (next === undefined || next === certificate || next.fingerprint256 === certificate.fingerprint256) break;
    certificate = next;
  }
  const issuer = certificate?.issuer as unknown as Record<string, string | string[]> | undefined;
  if (issuer === undefined) return undefined;
  return Object.entries(issuer)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(', ');
}
