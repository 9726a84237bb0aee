import { killingFileSystem, unsyncedFileSystem } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { openStore } from '../store/open-store.ts';
import { archivePlugin, otherVersion, verified } from './plugin.fixture.ts';
import { openPluginRoot } from './plugin-root.ts';

/** `node install-child.fixture.ts ROOT STORE install|update|remove|archive`: one change in a process that may be killed. */
const [, , directory = '', store = '', action] = process.argv;
const fileSystem = killingFileSystem(unsyncedFileSystem(systemFileSystem));
const root = openPluginRoot(directory, { store: () => openStore(store, { fileSystem }), fileSystem });
if (action === 'install') await root.install(await verified());
if (action === 'update') await root.install(await verified(otherVersion()), { replace: true });
if (action === 'archive') await root.install(await verified(archivePlugin()), { replace: true });
if (action === 'remove') await root.remove('tool');
