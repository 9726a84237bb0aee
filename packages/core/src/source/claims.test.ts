import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PluginKind } from '../plugin/plugin.ts';
import { type Claims, claimedKind, isArchiveLayer, pluginArtifactType } from './claims.ts';

const NOTHING: Claims = {
  artifactType: undefined,
  configType: 'application/vnd.oci.empty.v1+json',
  layerTypes: ['application/octet-stream'],
  annotations: {},
  wasmPlatform: false,
};

test('the first rule that answers tells the kind', () => {
  const cases: readonly (readonly [claims: Partial<Claims>, kind: PluginKind | undefined])[] = [
    [{}, undefined],
    [{ wasmPlatform: true }, 'wasm'],
    [{ wasmPlatform: true, artifactType: pluginArtifactType('executable') }, 'wasm'],
    [{ artifactType: pluginArtifactType('executable') }, 'executable'],
    [{ artifactType: pluginArtifactType('library'), layerTypes: ['application/wasm'] }, 'library'],
    [{ artifactType: 'application/vnd.gantry.script.v1' }, undefined],
    [{ configType: 'application/vnd.wasm.v1.config+json' }, 'wasm'],
    [{ configType: 'application/vnd.wasm.config.v0+json' }, 'wasm'],
    [{ layerTypes: ['application/vnd.wasm.v1.layer+wasm'] }, 'wasm'],
    [{ layerTypes: ['application/octet-stream', 'application/wasm'] }, 'wasm'],
    [{ annotations: { 'io.backstage.dynamic-packages': 'W10=' } }, 'node'],
    [{ annotations: { 'io.backstage.dynamic-packages': '' }, layerTypes: ['application/wasm'] }, 'wasm'],
    [{ annotations: { 'mt.query.plugin.type': 'extism' } }, 'wasm'],
    [{ annotations: { 'mt.query.plugin.type': 'native' } }, undefined],
    [{ annotations: { 'mt.query.plugin.type': 'anything' } }, undefined],
    [{ annotations: { 'org.opencontainers.image.title': '../x', __proto__: 'x' } }, undefined],
  ];
  for (const [claims, kind] of cases)
    assert.equal(claimedKind({ ...NOTHING, ...claims }), kind, JSON.stringify(claims));
});

test('D12: only tar types are archives, and octets never are', () => {
  const archives = [
    'application/vnd.oci.image.layer.v1.tar',
    'application/vnd.oci.image.layer.v1.tar+gzip',
    'application/vnd.oci.image.layer.v1.tar+zstd',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    'application/x-tar',
    'application/tar+gzip',
  ];
  const files = [
    'application/octet-stream',
    'application/gzip',
    'application/x-gzip',
    'application/zip',
    'application/wasm',
    'application/vnd.example.tarball',
    'text/x-tar',
    'application/vnd.example.tar+gzip+x',
    `application/${'a.'.repeat(50_000)}`,
  ];
  for (const type of archives) assert.equal(isArchiveLayer(type), true, type);
  for (const type of files) assert.equal(isArchiveLayer(type), false, type.slice(0, 60));
});
