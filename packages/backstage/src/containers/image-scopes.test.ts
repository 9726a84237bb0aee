import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageScopes, namedImage } from './image-scopes.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

function scopes(image: string): readonly string[] | undefined {
  const named = namedImage(image);
  return named && imageScopes(named);
}

test('the scopes of an image, from itself to the domains above its host', () => {
  const cases: readonly (readonly [image: string, scopes: readonly string[] | undefined])[] = [
    [
      'oci://registry.example.com/team/app:1!inside',
      [
        'registry.example.com/team/app:1',
        'registry.example.com/team/app',
        'registry.example.com/team',
        'registry.example.com',
        '*.example.com',
        '*.com',
      ],
    ],
    ['example.com:8443/app', ['example.com:8443/app:latest', 'example.com:8443/app', 'example.com:8443', '*.com']],
    [`localhost/app@${DIGEST}`, [`localhost/app@${DIGEST}`, 'localhost/app', 'localhost']],
    [
      `localhost/app:1@${DIGEST}`,
      [`localhost/app:1@${DIGEST}`, `localhost/app@${DIGEST}`, 'localhost/app', 'localhost'],
    ],
    [
      'busybox',
      ['docker.io/library/busybox:latest', 'docker.io/library/busybox', 'docker.io/library', 'docker.io', '*.io'],
    ],
    ['oci-layout:/srv/app:1', undefined],
  ];
  for (const [image, expected] of cases) assert.deepEqual(scopes(image), expected, image);
});
