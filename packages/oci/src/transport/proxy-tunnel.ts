import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ociError } from '../oci-errors.ts';
import type { ProxyRoute } from './proxy-rules.ts';

/**
 * Has the proxy at the other end of `connection` open a tunnel to `host:port` (RFC 9110, section 9.3.6). The proxy's
 * credential goes into this request and no other. Throws `REGISTRY_PROXY`; destroys the connection then and on abort.
 */
export function openTunnel(
  connection: Duplex,
  proxy: ProxyRoute,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const where = `the proxy ${proxy.host}:${proxy.port}`;
  return new Promise((resolve, reject) => {
    const connect = request({
      method: 'CONNECT',
      path: target,
      headers: {
        host: target,
        ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
      },
      setHost: false,
      createConnection: () => connection as Socket,
    });
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      connect.off('error', onBroken);
      connect.off('close', onBroken);
    };
    const fail = (reason: unknown): void => {
      settle();
      connect.on('error', () => {});
      connect.destroy();
      connection.destroy();
      reject(reason);
    };
    const onAbort = (): void => fail(signal.reason);
    const onBroken = (cause?: unknown): void =>
      fail(ociError('REGISTRY_PROXY', `${where} dropped the connection to ${target}`, { details: { target }, cause }));
    signal.addEventListener('abort', onAbort, { once: true });
    connect.once('error', onBroken);
    connect.once('close', onBroken);
    connect.once('connect', (answer, socket, head) => {
      // In a tunnel the client speaks first: earlier bytes are the proxy's own.
      if (answer.statusCode !== 200 || head.length > 0) {
        fail(refusal(answer.statusCode ?? 0, where, target));
        return;
      }
      settle();
      resolve(socket);
    });
    if (signal.aborted) onAbort();
    else connect.end();
  });
}

function refusal(status: number, where: string, target: string): Error {
  if (status === 407) {
    return ociError('REGISTRY_PROXY', `${where} wants a user name and password, or refused those it got (status 407)`, {
      details: { status, target },
      hint: 'write them into HTTPS_PROXY: http://USER:PASSWORD@host:port',
      retryable: false,
    });
  }
  if (status === 200) {
    return ociError('REGISTRY_PROXY', `${where} sends bytes of its own into the tunnel to ${target}`, {
      details: { status, target },
      retryable: false,
    });
  }
  return ociError('REGISTRY_PROXY', `${where} does not connect to ${target} (status ${status})`, {
    details: { status, target },
    retryable: status >= 500,
  });
}
