import { escapeRemote } from '../escape.ts';
import { ociError } from '../oci-errors.ts';
import type { AddressKind } from './addresses.ts';
import type { Answer } from './answer.ts';
import { displayUrl } from './origin.ts';
import type { TransportResponse } from './transport.ts';

/**
 * Shows an accepted answer to the caller. Only identity is asked for, so an encoded body is `CONTENT_ENCODED`; a whole
 * document may come with one gzip coding, which `bytes` undoes within its limit.
 */
export function responseOf(answer: Answer, crossOrigin: boolean, zone: AddressKind): TransportResponse {
  const encoding = (answer.header('content-encoding') ?? 'identity').trim().toLowerCase();
  const encoded = encoding !== 'identity' && encoding !== '';
  const refuse = async (): Promise<never> => {
    await answer.discard();
    throw ociError(
      'CONTENT_ENCODED',
      `${displayUrl(answer.url)} was answered with Content-Encoding "${escapeRemote(encoding)}": expected identity`,
    );
  };
  return {
    status: answer.status,
    url: answer.url,
    crossOrigin,
    zone,
    header: (name) => answer.header(name),
    body: {
      [Symbol.asyncIterator]: () => (encoded ? { next: refuse } : answer.body()),
    },
    bytes: async (limit) => {
      if (!encoded) return answer.bytes(limit);
      if (encoding !== 'gzip' && encoding !== 'x-gzip') return refuse();
      return gunzip(await answer.bytes(limit), limit, displayUrl(answer.url));
    },
    discard: () => answer.discard(),
  };
}

async function gunzip(bytes: Uint8Array, limit: number, shown: string): Promise<Uint8Array> {
  const { gunzipSync } = await import('node:zlib');
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw ociError('REGISTRY_LIMIT', `${shown} is longer than ${limit} bytes when decoded`, { details: { limit } });
    }
    throw ociError('CONTENT_ENCODED', `${shown} claims the coding gzip but is not gzip`, { cause });
  }
}
