import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directories } from './directories.ts';

const unix = { skip: process.platform === 'win32' ? 'paths of Unix' : false };

test('everything lives under GANTRY_HOME, else where the platform keeps caches, data and state', unix, () => {
  const cases: readonly (readonly [Record<string, string>, string, readonly [string, string, string, string]])[] = [
    [{ GANTRY_HOME: '/g' }, 'linux', ['/g/store', '/g/plugins', '/g/state', '/g/trust']],
    [{ GANTRY_HOME: 'g' }, 'linux', ['/work/g/store', '/work/g/plugins', '/work/g/state', '/work/g/trust']],
    [
      { GANTRY_HOME: '', HOME: '/h' },
      'linux',
      [
        '/h/.cache/gantry/store',
        '/h/.local/share/gantry/plugins',
        '/h/.local/state/gantry',
        '/h/.local/share/gantry/trust',
      ],
    ],
    [
      { HOME: '/h', XDG_CACHE_HOME: '/c', XDG_DATA_HOME: '/d', XDG_STATE_HOME: '/s' },
      'linux',
      ['/c/gantry/store', '/d/gantry/plugins', '/s/gantry', '/d/gantry/trust'],
    ],
    [
      { HOME: '/h' },
      'darwin',
      [
        '/h/Library/Caches/gantry/store',
        '/h/Library/Application Support/gantry/plugins',
        '/h/Library/Application Support/gantry/state',
        '/h/Library/Application Support/gantry/trust',
      ],
    ],
    [
      { HOME: '/h', LOCALAPPDATA: '/l' },
      'win32',
      ['/l/gantry/cache/store', '/l/gantry/plugins', '/l/gantry/state', '/l/gantry/trust'],
    ],
  ];
  for (const [env, platform, [store, plugins, state, trust]] of cases) {
    assert.deepEqual(directories({ env, cwd: '/work' }, platform), { store, plugins, state, trust });
  }
});
