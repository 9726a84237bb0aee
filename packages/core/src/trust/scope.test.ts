import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normaliseScope, scopeCovers } from './scope.ts';

test('a scope covers names below it at path boundaries only', () => {
  const cases: readonly (readonly [scope: string, name: string, covered: boolean])[] = [
    ['ghcr.io/acme/', 'ghcr.io/acme/tool', true],
    ['ghcr.io/acme', 'ghcr.io/acme/tool', true],
    ['ghcr.io/acme', 'ghcr.io/acme', true],
    ['ghcr.io/acme/', 'ghcr.io/acme', false],
    ['ghcr.io/acme', 'ghcr.io/acme-evil/tool', false],
    ['ghcr.io/acme/', 'ghcr.io/acmeevil', false],
    ['ghcr.io', 'ghcr.io/acme/tool', true],
    ['ghcr.io', 'ghcr.io.evil.example/acme/tool', false],
    ['ghcr.io', 'ghcr.io:8443/acme/tool', false],
    ['ghcr.io/acme', 'evil.example/ghcr.io/acme/tool', false],
    ['https://example.com/plugins/', 'https://example.com/plugins/a.tgz', true],
    ['https://example.com/plugins/', 'https://example.com/plugins-evil/a.tgz', false],
    ['npm:@acme/', 'npm:@acme/tool', true],
    ['npm:@acme', 'npm:@acme-evil/tool', false],
    ['npm:tool', 'npm:tool', true],
    ['npm:tool', 'npm:tool-evil', false],
    ['npm:', 'npm:@acme/tool', true],
    ['npm:', 'ghcr.io/acme/tool', false],
    ['file:/opt/plugins', 'file:/opt/plugins/tool', true],
    ['file:/opt/plugins', 'file:/opt/plugins2/tool', false],
  ];
  for (const [scope, name, covered] of cases) assert.equal(scopeCovers(scope, name), covered, `${scope} ~ ${name}`);
});

test('C2: a scope is written as names are written, or refused', () => {
  const cases: readonly (readonly [text: string, scope: string | undefined])[] = [
    ['ghcr.io/acme/', 'ghcr.io/acme/'],
    ['GHCR.io/acme/', 'ghcr.io/acme/'],
    ['oci://ghcr.io/acme', 'ghcr.io/acme'],
    ['index.docker.io/acme/', 'docker.io/acme/'],
    ['registry.example:5000/', 'registry.example:5000/'],
    ['https://Example.com:443/p/', 'https://example.com/p/'],
    ['file:/opt/x', 'file:/opt/x'],
    ['npm:', 'npm:'],
    ['npm:@Acme/', 'npm:@Acme/'],
    ['npm:@acme/tool', 'npm:@acme/tool'],
    ['npm:tool', 'npm:tool'],
    ['npm:tool@1.0.0', undefined],
    ['npm:acme/tool', undefined],
    ['npm:@acme/tool/x', undefined],
    ['npm:*', undefined],
    ['', undefined],
    ['*', undefined],
    ['ghcr.io/*', undefined],
    ['ghcr.io/Acme/', undefined],
    ['ghcr.io//acme', undefined],
    ['ghcr.io/acme@sha256:00', undefined],
    ['ghcr.io/acme/tool:1.0', undefined],
    ['http://example.com/', undefined],
    ['https://user:secret@example.com/', undefined],
    ['https://:secret@example.com/', undefined],
    ['https://example.com/?a=b', undefined],
    ['https://example.com/#a', undefined],
    ['oci-layout:/opt/Bundle', 'oci-layout:/opt/Bundle'],
    ['file:/opt/X y', undefined],
    ['file:/opt/X:1', 'file:/opt/X:1'],
    ['/opt/plugins', undefined],
    ['ghcr.io/acme ', undefined],
  ];
  for (const [text, scope] of cases) assert.equal(normaliseScope(text), scope, text);
});
