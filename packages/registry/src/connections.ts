import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The connections of a server, so that closing it waits for running requests and for nothing else: not for clients that
 * keep a connection, never sent a request, or are still sending the head of one.
 */
export class Connections {
  /** How many requests run on each. */
  readonly #running: Map<Socket, number> = new Map();
  #closing = false;

  add(socket: Socket): void {
    this.#running.set(socket, 0);
    socket.once('close', () => this.#running.delete(socket));
  }

  /** A request runs until its answer is sent. */
  begin(socket: Socket, response: ServerResponse): void {
    this.#count(socket, 1);
    response.once('close', () => this.#count(socket, -1));
  }

  /** Closes each connection, now or as soon as nothing runs on it. */
  close(): void {
    this.#closing = true;
    for (const socket of this.#running.keys()) this.#closeIdle(socket);
  }

  #count(socket: Socket, change: number): void {
    const before = this.#running.get(socket);
    if (before === undefined) return;
    this.#running.set(socket, before + change);
    if (this.#closing) this.#closeIdle(socket);
  }

  #closeIdle(socket: Socket): void {
    if (this.#running.get(socket) === 0) socket.destroySoon();
  }
}
