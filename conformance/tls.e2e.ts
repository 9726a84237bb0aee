/** TLS of private authorities and client certificates with Debian's docker-registry. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { selfSigned } from './certificates.ts';
import { type Gantry, gantry } from './gantry.ts';
import { script } from './plugins.ts';
import { run, temporaryDirectory } from './processes.ts';
import { startDockerRegistry } from './registries.ts';

async function pushAndRun(t: TestContext, g: Gantry, address: string, flags: readonly string[] = []): Promise<void> {
  const file = await script(await temporaryDirectory(t), 'hello', 'hello');
  const { digest } = await g.json(['push', ...flags, `${address}/acme/hello:1`, file]);
  const ran = await g.run(['run', ...flags, `${address}/acme/hello@${digest}`]);
  assert.equal(ran.stdout, 'hello ', ran.stderr);
}

test('a private authority: refused with the issuer named, accepted in every way that it can be told', async (t) => {
  const tls = await selfSigned(t, 'private authority', 'IP:127.0.0.1');
  const { address } = await startDockerRegistry(t, { tls });
  const g = await gantry(t);
  const other = await selfSigned(t, 'other authority', 'IP:127.0.0.1');
  const refused = await g.run(['inspect', '--ca-file', other.certificate, `${address}/acme/hello:1`]);
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /private authority/);
  await pushAndRun(t, g, address, ['--ca-file', tls.certificate]);

  const config = join(await temporaryDirectory(t), 'gantry.yaml');
  await writeFile(config, `schemaVersion: 1\nregistries: { "${address}": { caFile: ${tls.certificate} } }\n`);
  await pushAndRun(t, await gantry(t), address, ['--config', config]);

  // Without a file of its own a registry on loopback is taken to speak HTTP.
  const secure = join(await temporaryDirectory(t), 'gantry.yaml');
  await writeFile(secure, `schemaVersion: 1\nregistries: { "${address}": { plainHttp: false } }\n`);
  const byVariable = await gantry(t);
  byVariable.env['SSL_CERT_FILE'] = tls.certificate;
  await pushAndRun(t, byVariable, address, ['--config', secure]);

  const byDirectory = await gantry(t);
  const certificates = join(byDirectory.env['HOME'] ?? '', '.config', 'containers', 'certs.d', address);
  await mkdir(certificates, { recursive: true });
  await copyFile(tls.certificate, join(certificates, 'ca.crt'));
  await pushAndRun(t, byDirectory, address, ['--config', secure]);
  const raw = ['inspect', '--raw', '--cert-dir', certificates, `docker://${address}/acme/hello:1`];
  assert.ok((await run('skopeo', raw)).includes('schemaVersion'));
});

test('a client certificate: refused without, accepted from gantry.yaml and from certs.d', async (t) => {
  const tls = await selfSigned(t, 'registry', 'IP:127.0.0.1');
  const client = await selfSigned(t, 'client', 'DNS:client');
  const { address } = await startDockerRegistry(t, { tls: { ...tls, clientAuthority: client.certificate } });
  const without = await (await gantry(t)).run(['inspect', '--ca-file', tls.certificate, `${address}/acme/hello:1`]);
  assert.equal(without.code, 3, without.stderr);

  const config = join(await temporaryDirectory(t), 'gantry.yaml');
  const files = `caFile: ${tls.certificate}, clientCertFile: ${client.certificate}, clientKeyFile: ${client.key}`;
  await writeFile(config, `schemaVersion: 1\nregistries: { "${address}": { ${files} } }\n`);
  await pushAndRun(t, await gantry(t), address, ['--config', config]);

  const secure = join(await temporaryDirectory(t), 'gantry.yaml');
  await writeFile(secure, `schemaVersion: 1\nregistries: { "${address}": { plainHttp: false } }\n`);
  const byDirectory = await gantry(t);
  const certificates = join(byDirectory.env['HOME'] ?? '', '.config', 'containers', 'certs.d', address);
  await mkdir(certificates, { recursive: true });
  await copyFile(tls.certificate, join(certificates, 'ca.crt'));
  await copyFile(client.certificate, join(certificates, 'client.cert'));
  await copyFile(client.key, join(certificates, 'client.key'));
  await pushAndRun(t, byDirectory, address, ['--config', secure]);
  const raw = ['inspect', '--raw', '--cert-dir', certificates, `docker://${address}/acme/hello:1`];
  assert.ok((await run('skopeo', raw)).includes('schemaVersion'));
});
