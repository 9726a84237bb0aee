import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSink } from './sink.ts';

test('a sink records heads and bytes, and answers', async (t) => {
  const sink = await startSink(t, {
    answer: (method, target) => ({ status: 201, headers: { 'x-seen': `${method} ${target}` }, body: 'thanks' }),
  });
  const answer = await fetch(`${sink.url}/a?b=c`, { method: 'POST', body: 'some bytes' });
  assert.deepEqual([answer.status, answer.headers.get('x-seen'), await answer.text()], [201, 'POST /a?b=c', 'thanks']);
  assert.match(sink.heads[0] ?? '', /^POST \/a\?b=c HTTP\/1\.1\r\n/);
  assert.match(sink.received().toString(), /some bytes$/);
  assert.deepEqual([sink.heads.length, sink.connections(), sink.clientCertificates()], [1, 1, 0]);
});

const secret = 'p4ss/word+canary';
const sent: readonly [name: string, init: RequestInit, path?: string][] = [
  ['in a header', { headers: { authorization: `Bearer ${secret}` } }],
  ['in basic credentials', { headers: { authorization: `Basic ${Buffer.from(`u:${secret}`).toString('base64')}` } }],
  ['in longer basic credentials', { headers: { authorization: `Basic ${btoa(`user:${secret}!`)}` } }],
  ['first in base64', { method: 'PUT', body: btoa(`${secret} and more`) }],
  ['in a body', { method: 'PUT', body: `password=${secret}` }],
  ['in a query', {}, `?password=${encodeURIComponent(secret)}`],
];
for (const [name, init, path] of sent) {
  test(`a sink finds a secret ${name}`, async (t) => {
    const sink = await startSink(t);
    await fetch(`${sink.url}/${path ?? ''}`, init);
    assert.throws(() => sink.assertNoSecret('other', secret), /a secret arrived at the sink/);
    sink.assertNoSecret('other');
  });
}
