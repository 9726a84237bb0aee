import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedEffect } from './scripted-rule.ts';

/** An answer that is held whole, to be altered. */
interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/** Asks the registry behind the script, and gives its whole answer. */
export type AskRegistry = (request: IncomingMessage, effect: ResolvedEffect) => Promise<WholeAnswer>;

/** Asks `origin` what `request` asked, with the `bypass` header that keeps rules from applying again. */
export function askRegistry(origin: () => string, bypass: Readonly<Record<string, string>>): AskRegistry {
  return (request, effect) =>
    new Promise((resolve, reject) => {
      const headers = { ...request.headers, ...bypass };
      for (const name of effect.hide ?? []) delete headers[name.toLowerCase()];
      const inner = httpRequest(`${origin()}${effect.url}`, { method: request.method, headers, agent: false });
      inner.on('error', reject);
      inner.on('response', (answer) => {
        const chunks: Buffer[] = [];
        answer.on('error', reject);
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const { connection: _connection, 'keep-alive': _keepAlive, date: _date, ...kept } = answer.headers;
          const defined = Object.entries(kept).filter(([, value]) => value !== undefined) as [string, string][];
          resolve({
            status: answer.statusCode ?? 0,
            headers: Object.fromEntries(defined),
            body: Buffer.concat(chunks),
          });
        });
      });
      request.pipe(inner);
    });
}

/** Answers a request as the effect says. Resolves when nothing more will be sent. */
export async function answerScripted(
  request: IncomingMessage,
  response: ServerResponse,
  effect: ResolvedEffect,
  ask: AskRegistry,
): Promise<void> {
  const own = effect.status !== undefined || effect.body !== undefined;
  const base = own ? ownAnswer(effect) : await ask(request, effect);
  await effect.gate;
  if (effect.delay !== undefined) await sleep(effect.delay);
  await interimAnswers(response, effect.interim ?? 0);
  if (effect.cut === 'none') return void request.socket.destroy();
  if (effect.stall === 'head') return goneClient(response);

  const body = effect.alter === undefined ? base.body : Buffer.from(effect.alter(base.body));
  const headers = headersOf(request, base, body, effect);
  response.writeHead(base.status, headers);
  if (request.method === 'HEAD') return void response.end();
  await sendBody(request, response, body, effect, Number(headers['content-length'] ?? body.length));
}

function ownAnswer(effect: ResolvedEffect): WholeAnswer {
  return { status: effect.status ?? 200, headers: {}, body: Buffer.from(effect.body ?? '') };
}

function headersOf(
  request: IncomingMessage,
  base: WholeAnswer,
  body: Buffer,
  effect: ResolvedEffect,
): Record<string, string | string[]> {
  const headers: Record<string, string | readonly string[] | null> = { ...base.headers };
  if (request.method !== 'HEAD') headers['content-length'] = String(body.length);
  if (base.status === 204 || base.status === 304 || effect.contentLength === 'chunked')
    delete headers['content-length'];
  else if (effect.contentLength !== undefined) headers['content-length'] = String(effect.contentLength);
  if (effect.hangUp === 'announced') headers['connection'] = 'close';
  for (const [name, value] of Object.entries(effect.headers(base.headers))) headers[name.toLowerCase()] = value;
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [[name, value as string | string[]]])),
  );
}

async function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  effect: ResolvedEffect,
  announced: number,
): Promise<void> {
  const { stall, cut, drip } = effect;
  const end = Math.min(
    body.length,
    typeof stall === 'number' ? stall : Infinity,
    typeof cut === 'number' ? cut : Infinity,
  );
  response.flushHeaders();
  if (drip === undefined) {
    if (end > 0) await written(response, body.subarray(0, end));
  } else {
    for (let at = 0; at < end && !response.destroyed; at += drip.bytes) {
      await sleep(drip.pause);
      if (!response.destroyed) await written(response, body.subarray(at, Math.min(at + drip.bytes, end)));
    }
  }
  if (cut !== undefined) return void request.socket.destroySoon();
  if (stall !== undefined) return goneClient(response);
  response.end();
  if (announced !== body.length || effect.hangUp === 'silent') request.socket.destroySoon();
}

function written(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => response.write(chunk, () => resolve()));
}

/** Resolves when the client has given up. */
function goneClient(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    else response.once('close', resolve);
  });
}

async function interimAnswers(response: ServerResponse, count: number): Promise<void> {
  for (let sent = 0; sent < count && !response.destroyed; sent++) {
    response.writeProcessing();
    await nextTurn();
  }
}
