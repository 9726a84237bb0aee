import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Op } from '../op.ts';
import type { Origin } from './origin.ts';
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
 * Keep-alive connections to one peer. At most `size` exchanges at a time hold a place; others wait for one. The
 * agent's own `maxSockets` does not count connections that are still being opened, so the places do.
 */
export class ConnectionPool {
  readonly #agent: Agent;
  readonly #size: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(peer: Peer, size: number, connect: Connect) {
    this.#agent = new PeerAgent(peer, size, connect);
    this.#size = size;
  }

  /** Takes a place, when there is one; call the result to give it back. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken >= this.#size) await this.#turn(signal);
    else this.#taken += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    };
  }

  /** Options to spread into `http.request`. */
  request(op: Op | undefined, signal: AbortSignal): PooledRequest {
    return { agent: this.#agent, [CONNECTING]: { op, signal } };
  }

  /** Closes every connection, also those in use. */
  close(): void {
    this.#agent.destroy();
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}

class PeerAgent extends Agent {
  readonly #peer: Peer;
  readonly #connect: Connect;

  constructor(peer: Peer, size: number, connect: Connect) {
    super({ keepAlive: true, maxSockets: size, maxFreeSockets: size, scheduling: 'lifo' });
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
