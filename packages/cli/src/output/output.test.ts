import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, ociError } from '@gantry/oci';
import { recordIo } from '../io.fixture.ts';
import { Output } from './output.ts';

const blob = { mediaType: 'a/b', digest: digestOf(new Uint8Array([1])), size: 2048 };

test('G4: terminal escapes, bidirectional and C1 characters never reach the terminal as they are', async () => {
  const hostile = 'a\u001b[2Jb\u202ec\u009bd\u200be\u{e0041}f\r\ng';
  for (const json of [false, true]) {
    const io = recordIo();
    const output = new Output(io, { json, verbose: true });
    await output.result({ text: hostile }, [hostile]);
    output.note(hostile);
    output.onEvent({ type: 'warning', from: hostile, message: hostile });
    output.onEvent({ type: 'log', plugin: hostile, level: 'info', message: hostile });
    output.failure(ociError('REGISTRY_DENIED', hostile, { hint: hostile, details: { hostile } }));
    for (const text of [io.out(), io.err()]) {
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
    if (json) assert.equal(JSON.parse(io.out()).text, hostile);
  }
});

test('a failure is a line and a hint, or one JSON document', () => {
  const error = ociError('REGISTRY_NOT_FOUND', 'x.example/a:1: no such tag', {
    details: { reference: 'x.example/a:1' },
  });
  const text = recordIo();
  const output = new Output(text, {});
  assert.equal(output.exitCode, 0);
  output.failure(error);
  assert.equal(output.exitCode, 3);
  assert.equal(
    text.err(),
    'error: x.example/a:1: no such tag (REGISTRY_NOT_FOUND)\nhint: check the repository name and the tag or digest\n',
  );
  const json = recordIo();
  new Output(json, { json: true }).failure(error);
  assert.deepEqual(JSON.parse(json.err()), {
    schemaVersion: 1,
    error: {
      code: 'REGISTRY_NOT_FOUND',
      message: 'x.example/a:1: no such tag',
      hint: 'check the repository name and the tag or digest',
      details: { reference: 'x.example/a:1' },
    },
  });
});

test('of several failures the worst is the error and all are listed', () => {
  const io = recordIo();
  const failures = [ociError('REGISTRY_DENIED', 'one'), ociError('CONTENT_INVALID', 'two')];
  const output = new Output(io, { json: true });
  output.failure(new AggregateError(failures));
  assert.equal(output.exitCode, 4);
  const document = JSON.parse(io.err());
  assert.equal(document.error.code, 'CONTENT_INVALID');
  assert.deepEqual(
    document.errors.map((error: { code: string }) => error.code),
    ['REGISTRY_DENIED', 'CONTENT_INVALID'],
  );
});

test('what nobody foresaw shows its stack with --verbose only', () => {
  for (const verbose of [false, true]) {
    const io = recordIo();
    const output = new Output(io, { verbose });
    output.failure(new TypeError('oops'));
    assert.equal(output.exitCode, 1);
    assert.match(io.err(), /error: oops \(UNEXPECTED\)/);
    assert.equal(io.err().includes('output.test.ts'), verbose);
  }
});

test('a warning is shown once, and not with --quiet', () => {
  const io = recordIo();
  const output = new Output(io, {});
  output.onEvent({ type: 'warning', from: 'x.example', message: 'going away' });
  output.onEvent({ type: 'warning', from: 'x.example', message: 'going away' });
  assert.equal(io.err(), 'warning: x.example: going away\n');
  const quiet = recordIo();
  new Output(quiet, { quiet: true }).onEvent({ type: 'warning', from: 'x', message: 'y' });
  assert.equal(quiet.err(), '');
});

test('requests are shown with --verbose', () => {
  const event = {
    type: 'request',
    method: 'GET',
    url: 'https://x.example/v2/a/manifests/1',
    status: 200,
    bytesSent: 0,
    bytesReceived: 1536,
    durationMs: 12.4,
  } as const;
  const io = recordIo();
  new Output(io, {}).onEvent(event);
  assert.equal(io.err(), '');
  new Output(io, { verbose: true }).onEvent(event);
  assert.equal(io.err(), 'GET https://x.example/v2/a/manifests/1 200, 1.5 KiB received, 12 ms\n');
});

test('progress is a plain line for each finished transfer, a drawn line on a terminal, nothing with --quiet or --json', () => {
  const events = [0, 1024, 2048].map(
    (done) => ({ type: 'progress', action: 'fetch', descriptor: blob, done, total: 2048 }) as const,
  );
  const plain = recordIo();
  const output = new Output(plain, {});
  for (const event of events) output.onEvent(event);
  assert.equal(plain.err(), `fetched ${blob.digest.slice(0, 19)} 2.0 KiB\n`);

  const terminal = recordIo({ interactive: true });
  const drawing = new Output(terminal, {});
  for (const event of events) drawing.onEvent(event);
  drawing.close();
  assert.match(terminal.err(), /\r\u001b\[Kfetching 1 of 1, 2\.0 KiB of 2\.0 KiB \[#+\]\r\u001b\[K$/);

  for (const flags of [{ quiet: true }, { json: true }]) {
    const silent = recordIo();
    for (const event of events) new Output(silent, flags).onEvent(event);
    assert.equal(silent.err(), '');
  }
});

test('NO_COLOR and pipes get no colour', () => {
  const cases = [
    [recordIo({ interactive: true }), true],
    [recordIo({ interactive: true, env: { NO_COLOR: '1' } }), false],
    [recordIo(), false],
  ] as const;
  for (const [io, coloured] of cases) {
    new Output(io, {}).failure(ociError('REGISTRY_DENIED', 'no'));
    assert.equal(io.err().includes('\u001b[31m'), coloured);
  }
});
