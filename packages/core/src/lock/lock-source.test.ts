import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockSource } from './lock-source.ts';

test('sources in a lock are normalised, relative to it, and carry no credential', () => {
  const cases: readonly (readonly [source: string, locked: string])[] = [
    ['oci://GHCR.io/acme/tool:1.0', 'ghcr.io/acme/tool:1.0'],
    ['ghcr.io/acme/tool:1.0', 'ghcr.io/acme/tool:1.0'],
    ['ghcr.io/acme/tool:1.0!bin/tool', 'ghcr.io/acme/tool:1.0!bin/tool'],
    ['tool', 'docker.io/library/tool'],
    ['./tool.sh', './tool.sh'],
    ['.', '.'],
    ['..', '..'],
    ['../tool.sh', '../tool.sh'],
    ['/project/sub/../tool.sh', './tool.sh'],
    ['/opt/tool.sh', '../opt/tool.sh'],
    ['file:tool.sh', './tool.sh'],
    ['oci-layout:bundle:1.0', 'oci-layout:./bundle:1.0'],
    ['oci-layout:/project/bundle:1.0', 'oci-layout:./bundle:1.0'],
    ['https://example.com:443/x.tgz?sig=canary#part', 'https://example.com/x.tgz'],
  ];
  for (const [source, locked] of cases) {
    assert.equal(lockSource({ source, base: '/project' }, '/project'), locked, source);
  }
  assert.throws(() => lockSource({ source: 'https://user:canary@example.com/x.tgz' }, '/project'), {
    code: 'REFERENCE_INVALID',
  });
});
