import type { Duplex } from 'node:stream';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { AddressKind } from './addresses.ts';
import type { Peer } from './connection-pool.ts';
import { withDeadline } from './deadline.ts';
import { dial } from './dial.ts';
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
    return withDeadline(this.#environment, limit, signal, expired, (within) => this.#open(peer, within));
  };

  /** The kind of the address a connection was dialled to; `public` when a proxy resolved the name. */
  kindOf(connection: Duplex): AddressKind {
    return this.#kinds.get(connection) ?? 'public';
  }

  async #open(peer: Peer, signal: AbortSignal): Promise<Duplex> {
    const { socket, kind } = await dial(peer, peer.check, this.#environment, signal);
    let connection: Duplex = socket;
    if (peer.origin.startsWith('https:')) {
      try {
        const { connectTls } = await import('./tls-connect.ts');
        connection = await connectTls(socket, peer.host, await this.#trust.contextFor(peer), signal);
      } catch (error) {
        socket.destroy();
        throw error;
      }
    }
    this.#kinds.set(connection, kind);
    return connection;
  }
}
