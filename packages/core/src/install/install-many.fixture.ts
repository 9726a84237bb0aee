import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openStore } from '../store/open-store.ts';
import { filePlugin, otherVersion, verified } from './plugin.fixture.ts';
import { openPluginRoot } from './plugin-root.ts';

/** `node install-many.fixture.ts ROOT STORE TIMES`: installs two versions in turn under one name, and reads what is live. */
const [, , directory = '', store = '', times = '1'] = process.argv;
const root = openPluginRoot(directory, { store: () => openStore(store) });
const versions = [await verified(filePlugin()), await verified(otherVersion())];
for (let round = 0; round < Number(times); round++) {
  for (const version of versions) {
    await root.install(version);
    const installed = await root.get('tool');
    await using _held = await installed.hold();
    const bytes = readFileSync(installed.facts.entry ?? '', 'utf8');
    assert.match(bytes, /^#!\/bin\/sh\necho (hello|second)\n$/);
  }
}
