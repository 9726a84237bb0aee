import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directories } from './directories.ts';

const unix = { skip: process.platform === 'win32' ? 'paths of Unix' : false };

test('state lives under GANTRY_HOME, else where the platform keeps caches and data', unix, () => {
  const cases: readonly (readonly [Record<string, string>, string, string, string])[] = [
    [{ GANTRY_HOME: '/g' }, 'linux', '/g/store', '/g/plugins'],
    [{ GANTRY_HOME: 'g' }, 'linux', '/work/g/store', '/work/g/plugins'],
    [{ GANTRY_HOME: '', HOME: '/h' }, 'linux', '/h/.cache/gantry/store', '/h/.local/share/gantry/plugins'],
    [{ HOME: '/h', XDG_CACHE_HOME: '/c', XDG_DATA_HOME: '/d' }, 'linux', '/c/gantry/store', '/d/gantry/plugins'],
    [{ HOME: '/h' }, 'darwin', '/h/Library/Caches/gantry/store', '/h/Library/Application Support/gantry/plugins'],
    [{ HOME: '/h', LOCALAPPDATA: '/l' }, 'win32', '/l/gantry/cache/store', '/l/gantry/plugins'],
  ];
  for (const [env, platform, store, plugins] of cases) {
    assert.deepEqual(directories({ env, cwd: '/work' }, platform), { store, plugins });
  }
});
