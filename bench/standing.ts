/** The verdict of what is installed, at a start where nothing it rests on has changed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openGantry, type Policy, publishPlugin, type SignatureRequirement } from '@gantry/core';
import { openRepository, openTransport } from '@gantry/oci';
import { memoryStorage, serveRegistry } from '@gantry/registry';
import { attachBundle, labKeyPair, sigstoreLab } from '@gantry/testkit';
import { systemFileSystem } from '../packages/core/src/files/file-system.ts';
import { type RootContext, rootPaths } from '../packages/core/src/install/root-context.ts';
import { standingDecision } from '../packages/core/src/install/standing-verdict.ts';
import { byKeys, keyless } from '../packages/core/src/trust/signatures/judging.fixture.ts';
import { cache } from './fixtures.ts';
import { median } from './measure.ts';
import type { Row } from './table.ts';

const ROUNDS = 500;

/** Rows about the cached verdict, by a key and keyless. */
export async function standingVerdicts(): Promise<Row[]> {
  const directory = join(cache, 'standing');
  rmSync(directory, { recursive: true, force: true });
  const lab = sigstoreLab();
  const trustedRoot = await lab.trustedRootFile(join(directory, 'lab'));
  const pair = labKeyPair();
  const registry = await serveRegistry({ storage: memoryStorage() });
  try {
    const byFile = keyless({ trustRoot: { type: 'file', path: trustedRoot } });
    return [
      await row('by a key', byKeys([pair]), { key: pair, log: 'none', tsa: false }),
      await row('keyless', byFile, {}),
    ];
  } finally {
    await registry[Symbol.asyncDispose]();
  }

  async function row(
    name: string,
    signatures: SignatureRequirement,
    signing: Parameters<typeof lab.signBundle>[1],
  ): Promise<Row> {
    const home = join(directory, name.replaceAll(' ', '-'));
    const clause = { scope: `${registry.address}/`, require: 'cosign', signatures, source: 'bench' } as const;
    const policy: Policy = { fallback: 'digest', lists: [[clause]] };
    await using transport = openTransport();
    await using repository = openRepository(`${registry.address}/acme/plugin`, transport);
    const { root } = await publishPlugin(repository, { content: [import.meta.filename], kind: 'files', tag: '1.0' });
    await attachBundle(repository, root, lab.signBundle(root.digest, signing));
    await using gantry = openGantry({ home, policy });
    await gantry.install({ source: `${repository.name}:1.0`, name: 'plugin' });
    const receipt = await gantry.root.receipt('plugin');
    if (receipt === undefined) throw new Error('nothing was installed');
    const context: RootContext = {
      fileSystem: systemFileSystem,
      clock: { now: () => Date.now(), monotonic: () => performance.now() },
      paths: rootPaths(join(home, 'plugins')),
    };
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const begin = performance.now();
      await standingDecision(context, receipt, { policy, trustRoots: gantry.trustRoots }, false);
      times.push((performance.now() - begin) / 1000);
    }
    const taken = median(times);
    return {
      name: `a verdict that still holds, ${name}`,
      measured: `${Math.round(taken * 1e6)} us`,
      against: 'a bound',
      target: '<= 0.1 ms',
      met: taken <= 0.1e-3,
      notes: `no request; median of ${ROUNDS}`,
    };
  }
}
