// `npm run demo`: the road of two plugins from a file to running code, against a registry of its own on loopback.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gantry, openGantry, publishPlugin } from '@gantry/core';
import { isGantryError, type Op, openRepository, openTransport } from '@gantry/oci';
import { memoryStorage, serveRegistry } from '@gantry/registry';
import { loadPlugin, type RunRequest } from '@gantry/runtime';
import loadWabt from 'wabt';
import { repository } from '../packages.ts';
import { openAccount } from './account.ts';
import { heading, note, stage } from './print.ts';
import { signedPlugin } from './signatures.ts';
import { tamperingHook } from './tampering.ts';

const plugins = join(repository, 'examples', 'plugins');
const account = openAccount();
const op: Op = { onEvent: account.onEvent };

const directory = await mkdtemp(join(tmpdir(), 'gantry-demo-'));
const tampering = tamperingHook();
const server = await serveRegistry({ storage: memoryStorage(), onRequest: tampering.hook });
try {
  const startSigned = await demonstrate(server.address);
  await server.close();
  await startSigned();
  heading('Nothing of this is left on the machine.');
} finally {
  await server.close();
  await rm(directory, { recursive: true, force: true });
}

/** Everything that needs the registry; what it gives runs what was installed, without one. */
async function demonstrate(address: string): Promise<() => Promise<void>> {
  heading(`A registry listens on http://${address}.`);
  const wasm = join(directory, 'greet.wasm');
  await writeFile(wasm, await assemble(join(plugins, 'greet.wat')));

  await road('An executable plugin', `${address}/demo/hello:1.0`, join(plugins, 'hello.sh'), { args: ['executable'] });
  await road('A Wasm plugin', `${address}/demo/greet:1.0`, wasm, { name: 'greet', input: Buffer.from('Wasm') });
  const home = join(directory, 'home-of-signed');
  const signed = `${address}/demo/signed:1.0`;
  const policy = await signedPlugin({ account, reference: signed, home, file: join(plugins, 'hello.sh') });
  await refusal(`${address}/demo/hello:1.0`);
  return async () => {
    heading(`The registry is gone; ${signed} starts all the same`);
    await using gantry = openGantry({ home, policy, offline: true });
    await runThroughReference(gantry, 'run, offline', signed, { args: ['from afar'] });
  };
}

/** Publishes a file, brings it back through its reference, and runs it cold and warm. */
async function road(title: string, reference: string, file: string, request: RunRequest): Promise<void> {
  heading(`${title}, ${reference}`);
  await publish(reference, file);

  await using gantry = openGantry({ home: join(directory, 'home') });
  const resolved = await account.measure(() => gantry.resolve(reference, op));
  const { digest } = resolved.result.root;
  stage('resolve', digest, resolved.cost);
  // A tag alone proves nothing. The digest that it was just resolved to is what the rest of the road goes by.
  const pinned = resolved.result.reference;
  const plugin = await gantry.resolve(pinned, op);
  const verified = await account.measure(() => gantry.verify(plugin, {}, op));
  stage('verify', digest, verified.cost);
  note(`accepted by policy "${verified.result.verdict.policy}": ${verified.result.verdict.reason}`);
  const installed = await account.measure(() => gantry.root.install(verified.result, {}, op));
  stage('fetch and install', digest, installed.cost);
  await runThroughReference(gantry, 'run', pinned, request);
  await runThroughReference(gantry, 'run again, warm', pinned, request);
}

async function publish(reference: string, file: string): Promise<void> {
  await using transport = openTransport({});
  await using destination = openRepository(reference, transport);
  const published = await account.measure(() => publishPlugin(destination, { content: [file], tag: '1.0' }, op));
  stage('publish', published.result.root.digest, published.cost);
}

async function runThroughReference(
  gantry: Gantry,
  title: string,
  reference: string,
  request: RunRequest,
): Promise<void> {
  const ran = await account.measure(async () => {
    const installed = await gantry.acquire(reference, op);
    await using plugin = await loadPlugin(installed, {}, op);
    const result = await plugin.run(request, op);
    if (result.failure !== undefined) throw result.failure;
    return { digest: installed.facts.digest, output: result.output };
  });
  stage(title, ran.result.digest, ran.cost);
  note(`it says: ${Buffer.from(ran.result.output).toString().trim()}`);
  if (ran.cost.requests > 0) throw new Error('an installed plugin must run without a request');
}

/** The registry changes one byte of what it sends: nothing of it is installed. */
async function refusal(reference: string): Promise<void> {
  heading(`The registry tampers with a blob of ${reference}`);
  tampering.start();
  await using gantry = openGantry({ home: join(directory, 'another-home') });
  const { cost, result } = await account.measure(async () => {
    try {
      await gantry.install({ source: reference, allowUnsigned: true }, op);
    } catch (error) {
      if (isGantryError(error) && error.code === 'CONTENT_DIGEST_MISMATCH') return error;
      throw error;
    }
    throw new Error('tampered content must be refused');
  });
  stage('refused', tampering.digest(), cost);
  note(`${result.code}: ${result.message}`);
  if ((await gantry.root.list()).length > 0) throw new Error('a refused plugin must not be installed');
}

async function assemble(file: string): Promise<Uint8Array> {
  const wabt = await loadWabt();
  const module = wabt.parseWat('greet.wat', readFileSync(file, 'utf8'));
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
