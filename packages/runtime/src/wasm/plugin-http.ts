import { type IncomingMessage, request as requestHttp } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { dial, type Environment, escapeRemote, type Op } from '@gantry/oci';
import { runtimeLimits } from '../runtime-limits.ts';
import { Fault } from './fault.ts';
import type { HostGrant } from './host-grant.ts';
import type { HttpAnswer, HttpRequest } from './wasm-messages.ts';

/** Headers that say how a message is framed or where it goes; they follow from the request itself. */
const OWN_HEADERS =
  /^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive|proxy-.*)$/i;
const METHOD = /^[A-Z]{1,16}$/;
const URL_LENGTH = 8192;

/**
 * Sends a plugin's request. Every hop of a redirect is checked against the grant, and every address where it is dialled,
 * so neither a redirect nor a name server leads elsewhere. Headers of the plugin go to the origin it named and to no
 * other; from https there is no way to http. No proxy is used. Throws faults: `RUNTIME_NOT_GRANTED`, `RUNTIME_HTTP`.
 */
export async function sendForPlugin(
  request: HttpRequest,
  grant: HostGrant,
  environment: Environment,
  signal: AbortSignal,
  op: Op | undefined,
): Promise<HttpAnswer> {
  const redirects = runtimeLimits(op, 'pluginHttpRedirects');
  let url = parseUrl(request.url);
  let { method, headers, body } = request;
  if (!METHOD.test(method)) throw new Fault('RUNTIME_HTTP', 'sends an HTTP request with a malformed method');
  const own = Object.keys(headers).find((name) => OWN_HEADERS.test(name));
  if (own !== undefined) throw new Fault('RUNTIME_HTTP', `sets the header ${own}, which is its host's to set`);

  for (let hop = 0; ; hop++) {
    const answer = await exchange({ url, method, headers, body }, grant, environment, signal, op);
    const location = answer.headers['location'];
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    if (hop === redirects) throw new Fault('RUNTIME_HTTP', `was redirected more than ${redirects} times`);
    const target = parseUrl(location, url);
    if (url.protocol === 'https:' && target.protocol !== 'https:') {
      throw new Fault('RUNTIME_NOT_GRANTED', 'was redirected from https to http');
    }
    if (target.origin !== url.origin) headers = {};
    if (answer.status === 303 || (answer.status < 303 && method === 'POST')) {
      method = method === 'HEAD' ? 'HEAD' : 'GET';
      body = new Uint8Array();
    }
    url = target;
  }
}

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

async function exchange(
  { url, method, headers, body }: Hop,
  grant: HostGrant,
  environment: Environment,
  signal: AbortSignal,
  op: Op | undefined,
): Promise<HttpAnswer> {
  const check = grant.admit(url);
  const started = performance.now();
  const shown = escapeRemote(`${url.protocol}//${url.host}${url.pathname}`, 512);
  let received = 0;
  let status: number | undefined;
  try {
    const socket = await connect(url, check, environment, signal);
    const answer = await send(url, method, headers, body, socket, signal);
    status = answer.statusCode ?? 0;
    const limit = runtimeLimits(op, 'pluginHttpBytes');
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      received += chunk.length;
      if (received > limit) throw new Fault('RUNTIME_HTTP', `got an HTTP answer of more than ${limit} bytes`);
      chunks.push(chunk);
    }
    return { status, headers: headersOf(answer), body: Uint8Array.from(Buffer.concat(chunks)) };
  } catch (error) {
    if (error instanceof Fault) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault('RUNTIME_HTTP', `got no HTTP answer from ${url.host}: ${reason}`);
  } finally {
    const durationMs = performance.now() - started;
    const seen = status === undefined ? {} : { status };
    const sent = { method, url: shown, bytesSent: body.length, bytesReceived: received, durationMs };
    op?.onEvent?.({ type: 'request', ...sent, ...seen });
  }
}

async function connect(
  url: URL,
  check: (address: string) => void,
  environment: Environment,
  signal: AbortSignal,
): Promise<Socket> {
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const { socket } = await dial({ host, port }, check, environment, signal);
  if (!secure) return socket;
  const servername = /^[\d.]+$|:/.test(host) ? undefined : host.replace(/\.$/, '');
  return connectTls({ socket, host, ...(servername === undefined ? {} : { servername }) });
}

function send(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  socket: Socket,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => void socket.destroy(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    socket.on('error', reject);
    // The socket carries TLS where it is needed, so this is HTTP either way.
    const outgoing = requestHttp({
      host: url.hostname,
      method,
      path: `${url.pathname}${url.search}`,
      headers: {
        accept: '*/*',
        ...headers,
        host: url.host,
        ...(body.length > 0 ? { 'content-length': body.length } : {}),
      },
      // Without an agent, which would connect by itself.
      createConnection: () => socket,
    });
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function headersOf(answer: IncomingMessage): Record<string, string> {
  const entries = Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')] as const);
  return Object.fromEntries(entries);
}

function parseUrl(text: string, base?: URL): URL {
  if (text.length <= URL_LENGTH && URL.canParse(text, base?.href)) return new URL(text, base?.href);
  throw new Fault('RUNTIME_HTTP', 'sends an HTTP request to a malformed URL');
}
