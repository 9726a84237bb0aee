import { escapeRemote, isGantryError, type Op, type Transport } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';

/** One question to a service that takes part in signing. */
export interface ServiceQuestion {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  readonly accept: string;
  /** The whole header. It goes to the host of `url` and nowhere else, and into no message. */
  readonly authorization?: string;
  /** Whether asking twice does no harm. */
  readonly repeatable: boolean;
  /** Statuses that are answers. Default: 200 and 201. */
  readonly statuses?: readonly number[];
}

/** What a service said. */
export interface ServiceAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
  header(name: string): string | undefined;
}

/**
 * Asks a service through the transport of everything else: its TLS roots, proxies, address rules, limits and `--offline`
 * hold here too. Throws `REGISTRY_*`, and `CONFIG_SIGNING_SERVICE` for plain HTTP that no setting allows.
 */
export async function askService(transport: Transport, question: ServiceQuestion, op?: Op): Promise<ServiceAnswer> {
  const { method, url, body, contentType, accept, authorization = null, repeatable, statuses = [200, 201] } = question;
  const expected = transport.baseUrl(url.host).origin;
  if (expected !== url.origin) {
    throw coreError(
      'CONFIG_SIGNING_SERVICE',
      `expected ${expected}, found ${url.origin} in the signing configuration`,
      {
        hint: `registries.${url.host}.plainHttp in gantry.yaml says whether that host speaks plain http`,
      },
    );
  }
  const response = await transport.request(
    {
      method,
      url,
      registry: url.host,
      access: [],
      authorization,
      headers: { accept, ...(contentType === undefined ? {} : { 'content-type': contentType }) },
      ...(body === undefined ? {} : { body: { length: body.length, content: () => [body] } }),
      accept: statuses,
      repeatable,
    },
    op,
  );
  const bytes = await response.bytes(coreLimits(op, 'serviceAnswerBytes'));
  return { status: response.status, bytes, header: (name) => response.header(name) };
}

/** Asks a service in JSON. */
export function askServiceJson(
  transport: Transport,
  url: URL,
  body: object,
  options: Pick<ServiceQuestion, 'authorization' | 'repeatable' | 'statuses'>,
  op?: Op,
): Promise<ServiceAnswer> {
  const json = 'application/json';
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return askService(transport, { method: 'POST', url, body: bytes, contentType: json, accept: json, ...options }, op);
}

/** The URL of a path under the base URL of a service, which may have a path of its own. */
export function serviceUrl(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}${path}`;
  return url;
}

/** Reads the answer of a service. Whatever is wrong with it becomes `SIGNATURE_SERVICE` with the service's name. */
export function readAnswer<Result>(url: URL, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    const said = isGantryError(cause) ? cause.message : escapeRemote(String(cause));
    throw coreError('SIGNATURE_SERVICE', `${url.origin}${url.pathname}: ${said}`, {
      cause,
      details: { service: url.origin },
    });
  }
}
