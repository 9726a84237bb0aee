/** Artifacts with a subject, over registries with and without the referrers API. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gantry } from './gantry.ts';
import { installPeers } from './install-peers.ts';
import { peer, run, startDockerRegistry, startOlareg, temporaryDirectory } from './peers.ts';

before(installPeers);

interface Listed {
  readonly via: string;
  readonly referrers: readonly { readonly digest: string; readonly artifactType: string }[];
}

test('what oras attaches is listed, with the API and with the fallback tag', async (t) => {
  const g = await gantry(t);
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'sbom.json'), '{}');
  await writeFile(join(directory, 'plugin'), '#!/bin/sh\n');
  for (const [{ address }, via] of [
    [await startOlareg(t), 'api'],
    [await startDockerRegistry(t), 'tag'],
  ] as const) {
    await g.json(['push', `${address}/acme/plugin:1`, join(directory, 'plugin')]);
    const attach = ['attach', `${address}/acme/plugin:1`, 'application/vnd.acme.sbom', 'sbom.json:application/json'];
    const attached = (await run(peer('oras'), attach, { cwd: directory })).trim();
    const listed = (await g.json(['referrers', `${address}/acme/plugin:1`])) as unknown as Listed;
    assert.deepEqual(
      listed.referrers.map((each) => [each.digest, each.artifactType]),
      [[attached, 'application/vnd.acme.sbom']],
    );
    assert.equal(listed.via, via);
  }
});

test('copies keep referrers between registries with and without the API, and through a layout', async (t) => {
  const g = await gantry(t);
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'sbom.json'), '{}');
  await writeFile(join(directory, 'plugin'), '#!/bin/sh\n');
  const api = (await startOlareg(t)).address;
  const tag = (await startDockerRegistry(t)).address;
  await g.json(['push', `${api}/acme/plugin:1`, join(directory, 'plugin')]);
  const attach = ['attach', `${api}/acme/plugin:1`, 'application/vnd.acme.sbom', 'sbom.json:application/json'];
  const attached = (await run(peer('oras'), attach, { cwd: directory })).trim();

  await g.json(['copy', '--referrers', `${api}/acme/plugin:1`, `${tag}/acme/copy:1`]);
  assert.match(await run(peer('oras'), ['discover', `${tag}/acme/copy:1`]), new RegExp(attached));

  await g.json(['copy', '--referrers', `${tag}/acme/copy:1`, `oci-layout:${directory}/layout:1`]);
  await g.json(['copy', '--referrers', `oci-layout:${directory}/layout:1`, `${api}/acme/back:1`]);
  assert.match(await run(peer('oras'), ['discover', `${api}/acme/back:1`]), new RegExp(attached));
});

test('deleting a referrer removes its entry from the fallback tag', async (t) => {
  const g = await gantry(t);
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'note'), 'x');
  const { address } = await startDockerRegistry(t);
  await g.json(['push', `${address}/acme/plugin:1`, join(directory, 'note')]);
  const attach = ['attach', `${address}/acme/plugin:1`, 'application/vnd.acme.note', 'note:text/plain'];
  const attached = (await run(peer('oras'), attach, { cwd: directory })).trim();
  const deleted = await g.run(['delete', `${address}/acme/plugin@${attached}`]);
  assert.equal(deleted.code, 0, deleted.stderr);
  assert.equal((await run(peer('oras'), ['discover', `${address}/acme/plugin:1`])).trim(), '');
});
