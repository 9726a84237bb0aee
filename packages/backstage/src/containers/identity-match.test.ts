import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockerReference, type IdentityMatch, identityMatches } from './identity-match.ts';

const A = `sha256:${'a'.repeat(64)}`;

function ref(text: string): NonNullable<ReturnType<typeof dockerReference>> {
  const reference = dockerReference(text);
  assert.ok(reference, text);
  return reference;
}

const RULES: Readonly<Record<string, IdentityMatch>> = {
  exact: { type: 'matchExact' },
  digestOrExact: { type: 'matchRepoDigestOrExact' },
  repository: { type: 'matchRepository' },
  reference: { type: 'exactReference', reference: ref('vendor.example/app:1') },
  named: { type: 'exactRepository', reference: ref('vendor.example/app') },
  remap: { type: 'remapIdentity', prefix: 'mirror.example/vendor', signedPrefix: 'vendor.example' },
  host: { type: 'remapIdentity', prefix: 'mirror.example:5000', signedPrefix: 'vendor.example/x' },
};

test('C3: signedIdentity takes the names that containers-policy.json(5) says, and no others', () => {
  const cases: readonly (readonly [rule: string, image: string, signed: string, matches: boolean])[] = [
    ['exact', 'r.example/app:1', 'r.example/app:1', true],
    ['exact', 'r.example/app:1', 'r.example/app:2', false],
    ['exact', 'r.example/app:1', 'r.example/app', false],
    ['exact', `r.example/app@${A}`, 'r.example/app:1', false],
    ['exact', `r.example/app@${A}`, `r.example/app@${A}`, true],
    ['exact', 'docker.io/library/busybox:1', 'busybox:1', true],
    ['digestOrExact', 'r.example/app:1', 'r.example/app:1', true],
    ['digestOrExact', 'r.example/app:1', 'r.example/app:2', false],
    ['digestOrExact', 'r.example/app:1', 'r.example/app', false],
    ['digestOrExact', `r.example/app@${A}`, 'r.example/app:1', true],
    ['digestOrExact', `r.example/app@${A}`, 'r.example/app', false],
    ['digestOrExact', `r.example/app@${A}`, 'r.example/other:1', false],
    ['digestOrExact', `r.example/app:1@${A}`, 'r.example/app:1', false],
    ['repository', 'r.example/app:1', 'r.example/app', true],
    ['repository', 'r.example/app:1', 'r.example/app:other', true],
    ['repository', 'r.example/app:1', 'r.example/app2:1', false],
    ['repository', 'r.example/app:1', 'r.example:443/app:1', false],
    ['reference', 'mirror.example/app:9', 'vendor.example/app:1', true],
    ['reference', 'mirror.example/app:9', 'vendor.example/app:2', false],
    ['reference', 'mirror.example/app:9', 'vendor.example/app', false],
    ['named', 'mirror.example/app:9', 'vendor.example/app:2', true],
    ['named', 'mirror.example/app:9', 'vendor.example/app2:2', false],
    ['remap', 'mirror.example/vendor/a/b:1', 'vendor.example/a/b:1', true],
    ['remap', 'mirror.example/vendor/a/b:1', 'vendor.example/a/b:2', false],
    ['remap', `mirror.example/vendor/a/b@${A}`, 'vendor.example/a/b:2', true],
    ['remap', 'mirror.example/vendor2/a:1', 'vendor.example2/a:1', false],
    ['remap', 'mirror.example/vendor2/a:1', 'mirror.example/vendor2/a:1', true],
    ['remap', 'mirror.example/vendor/a:1', 'mirror.example/vendor/a:1', false],
    ['host', 'mirror.example:5000/a:1', 'vendor.example/x/a:1', true],
    ['host', 'mirror.example/a:1', 'vendor.example/x/a:1', false],
    ...[
      '',
      '--help',
      'oci://r.example/app:1',
      'r.example/app:1!x',
      'r.example/App:1',
      'oci-layout:/x',
      'r.example/app:1\n',
    ].flatMap((signed) => [['repository', 'r.example/app:1', signed, false] as const]),
  ];
  for (const [name, image, signed, matches] of cases) {
    const rule = RULES[name];
    assert.ok(rule);
    assert.equal(identityMatches(rule, ref(image), signed), matches, `${name}: ${image} signed as ${signed}`);
  }
});
