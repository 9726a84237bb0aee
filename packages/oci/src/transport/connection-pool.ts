import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Op } from '../op.ts';
import type { Origin } from './origin.ts';
import { Places } from './places.ts';
import type { ProxyRoute } from './proxy-rules.ts';

/** Whom to connect to and under which rules. Connections are shared only between equal `key`s. */
export interface Peer {
  readonly key: string;
  readonly origin: Origin;
  readonly host: string;
  readonly port: number;
  /** `host[:port]`, the scheme's own port left out. */
  readonly authority: string;
  /** On the way there, when the environment says so. */
  readonly proxy: ProxyRoute | undefined;
  /** The registry whose trust settings apply. */
  readonly registry: string;
  /** Whether this is the registry's own origin: only there its client certificate is offered. */
  readonly own: boolean;
  /** Throws when an address of the host must not be dialled. */
  readonly check: (address: string) => void;
}

/** Opens a connection to a peer, TLS included. */
export type Connect = (peer: Peer, op: Op | undefined, signal: AbortSignal) => Promise<Duplex>;

const CONNECTING: unique symbol = Symbol('gantry.connecting');

/** What a request brings along so that its agent can open a connection for it. */
export interface PooledRequest {
  readonly agent: Agent;
  readonly [CONNECTING]: { readonly op: Op | undefined; readonly signal: AbortSignal };
}

/**
 * What an exchange is for. What is sent may be read from the same origin, and both may have to wait for a token from
 * it: no purpose may take the places that it waits for itself.
 */
export type Purpose = 'read' | 'send' | 'token';

/**
 * Keep-alive connections to one peer. At most `size` exchanges at a time hold a place, others wait; half of the places
 * are open to those that send content, and tokens have places beside them.
 */
export class ConnectionPool {
  readonly #agent: Agent;
  readonly #places: Places;
  readonly #senders: Places;
  readonly #tokens: Places;

  constructor(peer: Peer, limits: { readonly size: number; readonly idle: number }, connect: Connect) {
    const size = Math.max(2, limits.size);
    this.#agent = new PeerAgent(peer, size, limits.idle, connect);
    this.#places = new Places(size);
    this.#senders = new Places(Math.floor(size / 2));
    this.#tokens = new Places(size);
  }

  /** Takes a place, when there is one; call the result to give it back. Rejects with the signal's reason. */
  async enter(purpose: Purpose, signal: AbortSignal): Promise<() => void> {
    if (purpose === 'token') return this.#tokens.enter(signal);
    if (purpose === 'read') return this.#places.enter(signal);
    const leaveSenders = await this.#senders.enter(signal);
    try {
      const leave = await this.#places.enter(signal);
      return () => {
        leave();
        leaveSenders();
      };
    } catch (error) {
      leaveSenders();
      throw error;
    }
  }

  /** Whether no exchange is running or waiting. */
  get idle(): boolean {
    return this.#places.empty && this.#senders.empty && this.#tokens.empty;
  }

  /** Options to spread into `http.request`. */
  request(op: Op | undefined, signal: AbortSignal): PooledRequest {
    return { agent: this.#agent, [CONNECTING]: { op, signal } };
  }

  /** Closes every connection, also those in use. */
  close(): void {
    this.#agent.destroy();
  }
}

class PeerAgent extends Agent {
  readonly #peer: Peer;
  readonly #connect: Connect;

  constructor(peer: Peer, size: number, idle: number, connect: Connect) {
    // Places bound the sockets: `maxSockets` would not count those that are still being opened. `timeout` ends free ones.
    super({ keepAlive: true, maxFreeSockets: size, timeout: idle, scheduling: 'lifo' });
    this.#peer = peer;
    this.#connect = connect;
  }

  override createConnection(
    options: ClientRequestArgs & Partial<PooledRequest>,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const connecting = options[CONNECTING];
    const done = callback as (error: Error | null, stream?: Duplex) => void;
    this.#connect(this.#peer, connecting?.op, connecting?.signal ?? AbortSignal.abort()).then(
      (stream) => done(null, stream),
      (error: Error) => done(error),
    );
    return undefined;
  }
}
