import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { recordIo } from '../packages/cli/src/io.fixture.ts';
import { Output } from '../packages/cli/src/output/output.ts';
import { buildProgram } from '../packages/cli/src/program.ts';
import { repository } from './packages.ts';
import { runShellExamples, shellBlocks } from './shell-examples.ts';

test('every command of the README runs as pasted', async (t) => {
  const commands = shellBlocks(readFileSync(join(repository, 'README.md'), 'utf8'));
  const directory = await tempDir(t);
  // The project example names the registry of the README, whose port is another one here.
  const { code, output } = await runShellExamples(commands, directory);
  assert.equal(code, 0, output);
  for (const said of [
    'hello, World',
    'hello, again',
    'hello, declared plugin',
    'hello, other side',
    'from a module',
    'from CommonJS',
    'some input',
    'hello, signer',
    'hello, offline',
    'greeting: from an image',
  ]) {
    assert.ok(output.includes(said), `"${said}" is missing in:\n${output}`);
  }
});

test('every command of the page for authors of plugins runs as pasted', async (t) => {
  const commands = shellBlocks(readFileSync(join(repository, 'docs', 'plugins.md'), 'utf8'));
  const { code, output } = await runShellExamples(commands, await tempDir(t));
  assert.equal(code, 0, output);
  for (const said of ['counting characters', 'hello, World', 'hello, a path', 'good day, World']) {
    assert.ok(output.includes(said), `"${said}" is missing in:\n${output}`);
  }
});

test('every example that --help prints works when pasted', async (t) => {
  const io = recordIo();
  const program = buildProgram({ io, output: new Output(io, {}), op: {} }, []);
  const commands = [program, ...allVerbs(program)];
  // What deletes comes last; a server does not end by itself.
  const late = ['delete', 'remove', 'prune', 'logout'];
  const ordered = commands.filter((command) => command.name() !== 'serve');
  ordered.sort((a, b) => late.indexOf(a.name()) - late.indexOf(b.name()));
  const lines = ordered.map(examplesOf).join('\n');
  // Nobody is there who could type the password of a key. The verbs of Developer Hub are called where it is configured.
  const before = [
    'export COSIGN_PASSWORD=',
    'cp -R examples/backstage/. .',
    'tar -czf hello-1.0.0.tgz -C local-plugins example',
  ].join('\n');
  const { code, output } = await runShellExamples(`${before}\n${lines}`, await tempDir(t));
  assert.equal(code, 0, output);
  for (const said of ['hello World', 'signed by sha256:', 'accepted']) assert.ok(output.includes(said), output);
});

type Command = ReturnType<typeof buildProgram>;

function allVerbs(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length > 0 ? allVerbs(child) : [child]));
}

/** The command lines under `Examples:` in the help of a command. */
function examplesOf(command: Command): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return help.slice(help.search(/^Examples?:$/m)).replace(/^Examples?:\n/, '');
}
