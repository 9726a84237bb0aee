import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCheckpoint } from './checkpoint.ts';

const ID = Buffer.alloc(32, 7);
const ROOT = Buffer.alloc(32, 1);
const LOG = { logID: ID, baseURL: 'https://log.example:3000/path' };

const line = (name: string, hint: Buffer = ID): string =>
  `\u2014 ${name} ${Buffer.concat([hint.subarray(0, 4), Buffer.alloc(64, 2)]).toString('base64')}\n`;
const note = (origin: string, ...lines: readonly string[]): string =>
  `${origin}\n42\n${ROOT.toString('base64')}\n\n${lines.join('')}`;

function check(envelope: string, changes: object = {}, log: typeof LOG = LOG): void {
  const checkpoint = { envelope };
  checkCheckpoint({ logIndex: '0', rootHash: ROOT, treeSize: '42', hashes: [], checkpoint, ...changes }, log);
}

test('a checkpoint of the log is taken: of Rekor v2, of v1 with its tree, with other lines and witnesses', () => {
  check(note('log.example', line('log.example')));
  check(note('log.example - 2605736670972794746', line('log.example')));
  check(note('log.example', line('log.example'), line('witness.example', Buffer.alloc(4, 9))));
  check(note('log.example', line('witness.example', Buffer.alloc(4, 9)), line('log.example')));
  check(note('log.example', line('log.example')).replace('\n\n', '\nTimestamp: 1\n\n'));
});

const ORIGINS = [
  'example',
  'log.example.evil',
  'evil.log.example',
  'Log.example',
  'log.example:3000',
  'log.example -',
  'log.example - x',
  'log.example - 1 - 2',
  ' log.example',
  'log.example ',
  'log.example - ',
];

for (const origin of ORIGINS) {
  test(`C4: the origin is the host of the log and not "${origin}"`, () => {
    assert.throws(() => check(note(origin, line('log.example'))), {
      code: 'SIGNATURE_LOG',
      message: /origin of the checkpoint: expected log\.example, found/,
    });
  });
}

test('C4: the log signs by its own name, once', () => {
  const stranger = line('log.example', Buffer.alloc(4, 9));
  const cases: readonly (readonly [lines: readonly string[], found: string])[] = [
    [[line('example')], 'example'],
    [[line('log.example:3000')], 'log.example:3000'],
    [[line('log')], 'log'],
    [[stranger], 'none'],
    [[line('log.example'), line('log.example')], 'log.example, log.example'],
    [[line('log.example'), line('log')], 'log.example, log'],
  ];
  for (const [lines, found] of cases) {
    assert.throws(() => check(note('log.example', ...lines)), {
      code: 'SIGNATURE_LOG',
      message: `signature name of the checkpoint: expected log.example, found ${found}`,
    });
  }
});

test('the proof is one for the tree of the checkpoint', () => {
  const good = note('log.example', line('log.example'));
  assert.throws(() => check(good, { treeSize: '41' }), {
    code: 'SIGNATURE_LOG',
    message: /tree size .*expected 41, found 42/,
  });
  assert.throws(() => check(good, { rootHash: Buffer.alloc(32, 3) }), {
    code: 'SIGNATURE_LOG',
    message: /root hash of the checkpoint/,
  });
});

test('a log whose URL is not known has no origin', () => {
  for (const baseURL of ['', 'log.example', 'about:blank']) {
    assert.throws(() => check(note('log.example', line('log.example')), {}, { ...LOG, baseURL }), {
      code: 'SIGNATURE_LOG',
      message: /names no URL for the log/,
    });
  }
});

test('C13: what is not a signed note is none', () => {
  const good = note('log.example', line('log.example'));
  const bad = [
    '',
    good.replace('\n42\n', '\n042\n'),
    good.replace('\n42\n', '\n0x2a\n'),
    good.replace('\n42\n', '\n-42\n'),
    good.replace('\n\n', '\n'),
    good.replace('\n\n', '\n\n\n'),
    good.trimEnd(),
    `${good}x`,
    `${good}\n`,
    `\n${good}`,
    good.replace('\u2014', '-'),
    good.replace('\u2014 ', '\u2014  '),
    note('log.example'),
    good.replace(/=?=?\n$/, '*\n'),
    good.replace(/(.)\n$/, '=$1\n'),
  ];
  for (const envelope of bad) {
    assert.throws(
      () => check(envelope),
      { code: 'SIGNATURE_LOG', message: /not a signed note/ },
      JSON.stringify(envelope),
    );
  }
  for (let length = 0; length < good.length; length += 1) {
    assert.throws(() => check(good.slice(0, length)), { code: 'SIGNATURE_LOG' }, `${length}`);
  }
  assert.throws(() => check(good, { checkpoint: undefined }), { code: 'SIGNATURE_LOG', message: /not a signed note/ });
});
