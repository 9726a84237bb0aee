import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Cleanup } from './cleanup.ts';

/** Where a double listens, and how to end it with all its connections. */
export interface Listening {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Listens on a free port of 127.0.0.1 until the test ends. */
export async function listenOnLoopback(t: Cleanup, server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  t.after(close);
  return { address: `127.0.0.1:${port}`, port, close };
}
