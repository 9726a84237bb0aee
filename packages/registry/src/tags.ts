import { answerJson, type Exchange } from './exchange.ts';
import { ProtocolError } from './protocol-error.ts';
import { registryLimits } from './registry-limits.ts';

/** GET of `/v2/<name>/tags/list`, sorted bytewise, with `n`, `last` and a `Link` to the next page. */
export async function tagsEndpoint(exchange: Exchange, repository: string): Promise<void> {
  const { method, query, storage } = exchange;
  if (method !== 'GET' && method !== 'HEAD') throw new ProtocolError('UNSUPPORTED', `${method} is not for tag lists`);
  const all = await storage.tags(repository);
  if (all === undefined) throw new ProtocolError('NAME_UNKNOWN', 'there is no such repository');

  const last = query.get('last');
  const rest = all.filter((tag) => last === null || tag > last).sort(bytewise);
  const count = pageSize(exchange);
  const tags = rest.slice(0, count);
  const next = new URLSearchParams({ n: String(count), last: tags.at(-1) ?? '' });
  const link = { link: `</v2/${repository}/tags/list?${next}>; rel="next"` };
  answerJson(exchange, { name: repository, tags }, count > 0 && rest.length > count ? link : {});
}

function pageSize(exchange: Exchange): number {
  const limit = registryLimits(exchange, 'servedPage');
  const asked = exchange.query.get('n');
  if (asked === null) return limit;
  if (!/^\d{1,15}$/.test(asked)) throw new ProtocolError('UNSUPPORTED', 'n is not a number', { status: 400 });
  return Math.min(Number(asked), limit);
}

function bytewise(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
