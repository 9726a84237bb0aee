import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { type AddressKind, addressKind } from './addresses.ts';
import type { Peer } from './connection-pool.ts';
import { withDeadline } from './deadline.ts';
import { dial } from './dial.ts';
import type { ProxyRoute } from './proxy-rules.ts';
import { openTunnel } from './proxy-tunnel.ts';
import type { TlsTrust } from './tls-trust.ts';

/** Opens connections: name, address check, TCP, proxy, TLS, all within `connectTimeout`. */
export class Connector {
  readonly #environment: Environment;
  readonly #trust: TlsTrust;
  readonly #kinds = new WeakMap<Duplex, AddressKind>();

  constructor(environment: Environment, trust: TlsTrust) {
    this.#environment = environment;
    this.#trust = trust;
  }

  readonly connect = (peer: Peer, op: Op | undefined, signal: AbortSignal): Promise<Duplex> => {
    const limit = ociLimits(op, 'connectTimeout');
    const expired = (): unknown =>
      ociError('REGISTRY_TIMEOUT', `no connection to ${peer.host}:${peer.port} within ${limit} ms`, {
        details: { limit: 'connectTimeout', milliseconds: limit, host: peer.host, port: peer.port },
      });
    return withDeadline(this.#environment, limit, signal, expired, (within) => {
      const opening = this.#open(peer, within);
      // Nobody waits for what opens after the deadline.
      const close = (): void => void opening.then((late) => late.destroy()).catch(() => {});
      within.addEventListener('abort', close, { once: true });
      return opening;
    });
  };

  /** The kind of the address a connection was dialled to; `public` when a proxy resolved the name. */
  kindOf(connection: Duplex): AddressKind {
    return this.#kinds.get(connection) ?? 'public';
  }

  async #open(peer: Peer, signal: AbortSignal): Promise<Duplex> {
    const { connection, kind } = await this.#reach(peer, signal);
    if (!peer.origin.startsWith('https:')) {
      this.#kinds.set(connection, kind);
      return connection;
    }
    const trust = { context: () => this.#trust.contextFor(peer), anyCertificate: this.#trust.takesAny(peer) };
    const secured = await this.#secure(connection, peer.host, trust, signal);
    this.#kinds.set(secured, kind);
    return secured;
  }

  /** A connection to the peer's port: direct, to a plain http proxy, or through a proxy's tunnel. */
  async #reach(peer: Peer, signal: AbortSignal): Promise<{ connection: Duplex; kind: AddressKind }> {
    const { proxy } = peer;
    if (proxy === undefined) {
      const { socket, kind } = await dial(peer, peer.check, this.#environment, signal);
      return { connection: socket, kind };
    }
    const kind = isIP(peer.host) === 0 ? 'public' : addressKind(peer.host);
    const connection = await this.#dialProxy(proxy, signal);
    if (!peer.origin.startsWith('https:')) return { connection, kind };
    return { connection: await openTunnel(connection, proxy, peer.host, peer.port, signal), kind };
  }

  async #dialProxy(proxy: ProxyRoute, signal: AbortSignal): Promise<Duplex> {
    try {
      const { socket } = await dial(proxy, () => {}, this.#environment, signal);
      return proxy.secure
        ? await this.#secure(socket, proxy.host, { context: () => this.#trust.common(), anyCertificate: false }, signal)
        : socket;
    } catch (cause) {
      signal.throwIfAborted();
      const why = cause instanceof Error ? cause.message : 'unknown';
      throw ociError('REGISTRY_PROXY', `cannot reach the proxy ${proxy.host}:${proxy.port}: ${why}`, {
        details: { host: proxy.host, port: proxy.port },
        cause,
      });
    }
  }

  async #secure(
    connection: Duplex,
    host: string,
    trust: { readonly context: () => Promise<SecureContext>; readonly anyCertificate: boolean },
    signal: AbortSignal,
  ): Promise<Duplex> {
    try {
      const [{ connectTls }, secureContext] = await Promise.all([import('./tls-connect.ts'), trust.context()]);
      return await connectTls(connection, host, { secureContext, anyCertificate: trust.anyCertificate }, signal);
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }
}
