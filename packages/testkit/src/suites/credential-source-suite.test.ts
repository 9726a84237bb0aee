import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dockerCredentials } from '@gantry/oci';
import { fakeEnvironment } from '../fake-environment.ts';
import { tempDir } from '../temp-dir.ts';
import { credentialSourceSuite } from './credential-source-suite.ts';

const auth: string = Buffer.from('ann:pw').toString('base64');

credentialSourceSuite('config.json of docker', async (t, key) => {
  const directory = await tempDir(t);
  await writeFile(join(directory, 'config.json'), JSON.stringify({ auths: { [key]: { auth } } }), { mode: 0o600 });
  return dockerCredentials(fakeEnvironment({ env: { DOCKER_CONFIG: directory } }));
});

credentialSourceSuite('auth.json of the containers tools', async (t, key) => {
  const file = join(await tempDir(t), 'auth.json');
  await writeFile(file, JSON.stringify({ auths: { [key]: { auth } } }), { mode: 0o600 });
  return dockerCredentials(fakeEnvironment({ env: { REGISTRY_AUTH_FILE: file } }));
});

credentialSourceSuite('a credential helper', async (t, key) => {
  const directory = await tempDir(t);
  const bin = join(directory, 'bin');
  await mkdir(bin);
  const helper = join(bin, 'docker-credential-test');
  const answer = JSON.stringify({ ServerURL: key, Username: 'ann', Secret: 'pw' });
  await writeFile(helper, `#!/bin/sh\nread -r asked\necho '${answer}'\n`);
  await chmod(helper, 0o755);
  await writeFile(join(directory, 'config.json'), JSON.stringify({ credHelpers: { [key]: 'test' } }), { mode: 0o600 });
  return dockerCredentials(fakeEnvironment({ env: { DOCKER_CONFIG: directory, PATH: `${bin}:/usr/bin:/bin` } }));
});
