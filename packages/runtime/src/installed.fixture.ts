import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Installed, InstalledFacts, PluginKind } from '@gantry/core';
import type { Digest } from '@gantry/oci';
import { vouch } from '../../core/src/install/installed.ts';

/** A private directory that is gone after the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-runtime-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Directories of plugins that a runtime holds at the moment. */
export const heldNow: Set<string> = new Set();

/** Writes `content` as the entry of a plugin and vouches for it, as the plugin root does for what it installed. */
export async function install(
  t: TestContext,
  kind: PluginKind,
  content: string | Uint8Array,
  facts: { readonly entry?: string; readonly entryDigest?: Digest } = {},
): Promise<Installed> {
  const path = await temporaryDirectory(t);
  const entry = facts.entry ?? join(path, kind === 'wasm' ? 'plugin.wasm' : 'plugin');
  if (facts.entry === undefined) await writeFile(entry, content, { mode: 0o755 });
  const digest: Digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const known: InstalledFacts = {
    name: 'specimen',
    reference: `registry.example/specimen@${digest}`,
    digest,
    kind,
    platform: undefined,
    verdict: {
      accepted: true,
      policy: 'digest',
      policySource: 'default',
      policyDigest: digest,
      subject: digest,
      covers: 'platform',
      signer: 'unsigned',
      signatures: [],
      evidence: [],
      judgedAt: '2026-01-01T00:00:00.000Z',
      stale: false,
      reason: 'pinned',
    },
    path,
    entry,
    entryDigest: facts.entryDigest ?? digest,
  };
  return vouch(known, async () => {
    heldNow.add(path);
    return { [Symbol.asyncDispose]: async () => void heldNow.delete(path) };
  });
}
