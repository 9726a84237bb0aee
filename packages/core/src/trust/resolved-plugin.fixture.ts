import { type Digest, digestOf } from '@gantry/oci';
import type { ResolvedPlugin } from '../plugin/plugin.ts';

/** A digest of some text, for plugins that have no bytes. */
export function digestOfText(text: string): Digest {
  return digestOf(new TextEncoder().encode(text));
}

/** A resolved plugin that exists in name only: enough to be judged. */
export function resolvedPlugin(overrides: Partial<ResolvedPlugin> = {}): ResolvedPlugin {
  const root = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOfText('root'), size: 4 };
  return {
    spec: { source: 'registry.example/acme/tool:1.0' },
    source: 'registry.example/acme/tool:1.0',
    scopeName: 'registry.example/acme/tool',
    reference: `registry.example/acme/tool:1.0@${root.digest}`,
    defaultName: 'tool',
    pinned: false,
    local: false,
    root,
    manifest: root,
    platform: undefined,
    kind: 'files',
    artifactType: undefined,
    layers: [],
    config: undefined,
    annotations: {},
    entryPath: undefined,
    content: { open: () => (async function* () {})() },
    repository: undefined,
    ...overrides,
  };
}
