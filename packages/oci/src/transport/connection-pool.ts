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
 * it: each purpose has places of its own, so that none of them waits for itself.
 */
export type Purpose = 'read' | 'send' | 'token';

/** Keep-alive connections to one peer. At most `size` exchanges at a time of each purpose hold a place; others wait. */
export class ConnectionPool {
  readonly #agent: Agent;
  readonly #places: Readonly<Record<Purpose, Places>>;

  constructor(peer: Peer, limits: { readonly size: number; readonly idle: number }, connect: Connect) {
    const { size, idle } = limits;
    this.#agent = new PeerAgent(peer, size, idle, connect);
    this.#places = { read: new Places(size), send: new Places(size), token: new Places(size) };
  }

  /** Takes a place, when there is one; call the result to give it back. Rejects with the signal's reason. */
  enter(purpose: Purpose, signal: AbortSignal): Promise<() => void> {
    return this.#places[purpose].enter(signal);
  }

  /** Whether no exchange is running or waiting. */
  get idle(): boolean {
    const { read, send, token } = this.#places;
    return read.empty && send.empty && token.empty;
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
