import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Op, Transport } from '@gantry/oci';
import type { Fetcher } from 'tuf-js';

/** Fetches over our own transport: its authorities, proxies, limits, deadlines and rules about plain HTTP hold here too. */
export interface TransportFetcher extends Fetcher {
  /** The last error of the transport: the library wraps some of them in text. */
  readonly failure: unknown;
}

/** What the library wants for a file that is not there. */
export type HttpError = new (message: string, status: number) => Error;

/** Where and how much to fetch. */
export interface FetcherOptions {
  readonly transport: Transport;
  /** A private directory. */
  readonly directory: string;
  /** Bytes of one file, whatever the metadata says. */
  readonly limit: number;
  readonly HttpError: HttpError;
}

/** Makes a fetcher for one update. No credential is ever sent: trust material is public. */
export function transportFetcher(
  { transport, directory, limit, HttpError }: FetcherOptions,
  op?: Op,
): TransportFetcher {
  let failure: unknown;
  const fetch = async (text: string, maxLength: number): Promise<Buffer> => {
    const url = new URL(text);
    const answer = await fetchOnce(url, Math.min(maxLength, limit)).catch((error: unknown) => {
      failure = error;
      throw error;
    });
    if (typeof answer !== 'number') return answer;
    // No newer root is told so; it is how every update ends its search.
    throw new HttpError(`${url.host} answers ${answer} for ${url.pathname}`, answer);
  };
  const fetchOnce = async (url: URL, most: number): Promise<Buffer | number> => {
    const request = { method: 'GET', url, registry: url.host, access: [], authorization: null } as const;
    const response = await transport.request({ ...request, accept: [200, 403, 404] }, op);
    if (response.status === 200) return Buffer.from(await response.bytes(most));
    await response.discard();
    return response.status;
  };
  return {
    get failure(): unknown {
      return failure;
    },
    downloadBytes: fetch,
    downloadFile: async (url, maxLength, handler) => {
      const file = join(directory, 'download');
      await writeFile(file, await fetch(url, maxLength), { mode: 0o600 });
      return handler(file);
    },
  };
}
