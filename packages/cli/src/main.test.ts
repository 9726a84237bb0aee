import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { Interrupted } from './interrupted.ts';
import { recordIo } from './io.fixture.ts';
import { main } from './main.ts';
import { Output } from './output/output.ts';
import { buildProgram } from './program.ts';
import { gantry } from './run-main.fixture.ts';

/** Every command that does something, by its full name. */
function verbs(command: Command, prefix: readonly string[] = []): (readonly [readonly string[], Command])[] {
  return command.commands.flatMap((child) => {
    const name = [...prefix, child.name()];
    return child.commands.length > 0 ? verbs(child, name) : [[name, child] as const];
  });
}

test('every verb has --json, --quiet, --verbose, and --help with an example of itself', async () => {
  const io = recordIo();
  const all = verbs(buildProgram({ io, output: new Output(io, {}), op: {} }, []));
  assert.ok(all.length >= 20);
  for (const [name, command] of all) {
    const flags = command.options.map((option) => option.long);
    for (const flag of ['--json', '--quiet', '--verbose']) assert.ok(flags.includes(flag), `${name.join(' ')} ${flag}`);
    const { code, out, err } = await gantry([...name, '--help']);
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.match(out, new RegExp(`\\nExamples?:\\n {2}.*gantry ${name.join(' ')}\\b`), name.join(' '));
  }
});

test('--version and --help go to stdout, a missing command is a mistake', async () => {
  assert.deepEqual(await gantry(['--version']), { code: 0, out: '9.8.7\n', err: '' });
  assert.match((await gantry(['--help'])).out, /Commands:\n {2}push/);
  const { code, out, err } = await gantry([]);
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.match(err, /error: a command is missing \(CONFIG_USAGE\)/);
});

test('help can be asked for in every usual way', async () => {
  const { out } = await gantry(['push', '--help']);
  for (const args of [
    ['push', '-h'],
    ['help', 'push'],
  ]) {
    assert.deepEqual(await gantry(args), { code: 0, out, err: '' }, args.join(' '));
  }
  assert.deepEqual(await gantry(['help']), await gantry(['-h']));
});

test('mistyped commands and flags are answered with a suggestion and exit code 2', async () => {
  const cases = [
    [['pusj'], "unknown command 'pusj'", 'did you mean push?'],
    [['cache', 'verfy'], "unknown command 'verfy'", 'did you mean verify?'],
    [['push', '--key', 'release.key'], "unknown option '--key'", 'did you mean --sign-key?'],
    [['list', '--jsn'], "unknown option '--jsn'", 'did you mean --json?'],
    [['tags'], "missing required argument 'repository'", 'gantry tags --help explains it'],
    [['tags', 'a', 'b'], 'too many arguments', 'gantry tags --help explains it'],
    [['push', 'x', 'y', '--kind', 'wsm'], "'wsm' is invalid", 'gantry push --help explains it'],
    [['push', 'x', 'y', '--annotation', 'novalue'], 'key=value', 'gantry push --help explains it'],
    [['registry', 'serve', '--port', '70000'], 'from 0 to 65535', 'gantry registry serve --help explains it'],
    [['--config', 'x.yaml', 'list'], "'--config'", 'flags follow the command they are for: gantry COMMAND --config'],
    [['--verbose', 'list'], "'--verbose'", 'flags follow the command they are for: gantry COMMAND --verbose'],
    [['cache', '--quiet', 'ls'], "'--quiet'", 'flags follow the command they are for: gantry cache COMMAND --quiet'],
    [['run', 'a/b', 'x', 'y'], 'too many', 'what is for the plugin follows --: gantry run REFERENCE -- ARGUMENTS'],
    [['cache'], 'a command is missing', 'gantry cache --help lists the commands'],
  ] as const;
  for (const [args, message, hint] of cases) {
    const { code, out, err } = await gantry(args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(out, '');
    assert.ok(err.includes(message) && err.includes(`hint: ${hint}`), err);
  }
});

test('a mistake is one JSON document with --json', async () => {
  const { code, out, err } = await gantry(['tags', '--json']);
  assert.equal(code, 2);
  assert.equal(out, '');
  const { schemaVersion, error } = JSON.parse(err);
  assert.equal(schemaVersion, 1);
  assert.equal(error.code, 'CONFIG_USAGE');
  assert.deepEqual(Object.keys(error), ['code', 'message', 'hint', 'details']);
});

test('an interrupted operation ends with 128 and the number of the signal', async () => {
  const io = recordIo();
  io.interrupt(new Interrupted('SIGINT', 130));
  assert.equal(await main(['tags', '127.0.0.1:1/acme/hello'], io), 130);
  assert.equal(io.out(), '');
});
