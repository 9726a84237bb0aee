/**
 * `gantry verify` as a whole process, against a bare node, with `cosign verify` of the same image beside it; and the
 * number of its requests, which the documented formula gives.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishPlugin } from '@gantry/core';
import { type Descriptor, openRepository, openTransport, type Repository } from '@gantry/oci';
import { attachBundle, attachSimple, labKeyPair, publicPem, type SigstoreLab, sigstoreLab } from '@gantry/testkit';
import { peersDirectory } from '../conformance/install-peers.ts';
import { cache } from './fixtures.ts';
import { home } from './gantry.ts';
import { inTurn, median, type Sample, sample } from './measure.ts';
import { countingProxy, gantryRegistry, type Server } from './servers.ts';
import { ms, type Row } from './table.ts';

const ROUNDS = 21;
const cosign3 = join(peersDirectory, 'cosign3');
const IDENTITY = [
  '--certificate-identity',
  'release@example.com',
  '--certificate-oidc-issuer',
  'https://issuer.example',
];

/** One image on the registry, and how it is verified. */
interface Signed {
  readonly name: string;
  readonly repository: string;
  readonly digest: string;
  readonly flags: readonly string[];
  readonly cosign: readonly string[];
  /** Seconds that may come on top of a bare node. */
  readonly allowance: number;
  /** By the formula: the manifest, the list of referrers with its fallback tag, and what was opened. */
  readonly requests: number;
}

/** Rows of `npm run bench -- verify`. */
export async function verifying(): Promise<Row[]> {
  const directory = join(cache, 'verify');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const registry = await gantryRegistry(home('verify').command(['registry', 'serve', '--port', '0', '--json']));
  const lab = sigstoreLab();
  try {
    const rows: Row[] = [];
    for (const image of await publishSigned(registry, lab, directory)) rows.push(...(await rowsOf(image, registry)));
    return rows;
  } finally {
    await registry.stop();
  }
}

async function rowsOf(image: Signed, registry: Server): Promise<Row[]> {
  const g = home('verify');
  g.fresh();
  const verify = (port: number): string[] => [
    'verify',
    `127.0.0.1:${port}/${image.repository}@${image.digest}`,
    ...image.flags,
  ];
  await g.run(verify(registry.port));
  const { a, b } = await inTurn(
    ROUNDS,
    () => g.run(verify(registry.port)),
    () => sample([process.execPath, '-e', '0']),
  );
  const [ours, bare] = [seconds(a), seconds(b)];
  const reference = `127.0.0.1:${registry.port}/${image.repository}@${image.digest}`;
  const peer = await inTurn(
    5,
    () => sample([cosign3, 'verify', '--allow-insecure-registry', ...image.cosign, reference], { env: g.env }),
    async () => undefined,
  );
  const proxy = await countingProxy(registry.port);
  await g.run(verify(proxy.port));
  const { requests } = JSON.parse(await proxy.stop()) as { requests: number };
  g.fresh();
  return [
    {
      name: `gantry verify, ${image.name}`,
      measured: ms(ours),
      against: `bare node ${ms(bare)}`,
      ratio: ours / bare,
      target: `<= ${image.allowance * 1000} ms over it`,
      met: ours - bare <= image.allowance,
      notes: `cosign 3 verify ${ms(seconds(peer.a))}`,
    },
    {
      name: `requests of it`,
      measured: String(requests),
      against: `the formula: ${image.requests}`,
      ratio: requests / image.requests,
      target: '= 1',
      met: requests === image.requests,
      notes: 'the manifest, one list and its fallback tag, two for the candidate',
    },
  ];
}

function seconds(samples: readonly Sample[]): number {
  return median(samples.map((each) => each.seconds));
}

async function publishSigned(registry: Server, lab: SigstoreLab, directory: string): Promise<Signed[]> {
  const file = join(directory, 'hello.sh');
  writeFileSync(file, '#!/bin/sh\necho hello\n', { mode: 0o755 });
  const keyPair = labKeyPair();
  const key = join(directory, 'release.pub');
  writeFileSync(key, publicPem(keyPair.publicKey));
  const root = await lab.trustedRootFile(directory);
  const keyFlags = ['--key', key];
  const keylessFlags = [...IDENTITY, '--trusted-root', root];
  const offline = ['--insecure-ignore-tlog', '--trusted-root', root];
  const publish = async (repository: string, sign: (at: Repository, root: Descriptor) => Promise<unknown>) => {
    await using transport = openTransport({});
    await using at = openRepository(`127.0.0.1:${registry.port}/${repository}`, transport);
    const published = await publishPlugin(at, { content: [file], tag: '1.0' });
    await sign(at, published.root);
    return { repository, digest: published.root.digest };
  };
  return [
    {
      ...(await publish('bench/key', (at, subject) =>
        attachBundle(at, subject, lab.signBundle(subject.digest, { key: keyPair, log: 'none', tsa: false })),
      )),
      name: 'a bundle by a key',
      flags: keyFlags,
      cosign: [...keyFlags, ...offline],
      allowance: 0.06,
      requests: 5,
    },
    {
      ...(await publish('bench/sig', (at, subject) =>
        attachSimple(at, subject, [lab.signSimple(subject.digest, { key: keyPair, log: 'none' })]),
      )),
      name: 'a .sig tag by a key',
      flags: keyFlags,
      cosign: [...keyFlags, ...offline],
      allowance: 0.06,
      requests: 5,
    },
    {
      ...(await publish('bench/keyless', (at, subject) => attachBundle(at, subject, lab.signBundle(subject.digest)))),
      name: 'a keyless bundle, Rekor v2',
      flags: keylessFlags,
      cosign: keylessFlags,
      allowance: 0.08,
      requests: 5,
    },
    {
      ...(await publish('bench/keyless1', (at, subject) =>
        attachBundle(at, subject, lab.signBundle(subject.digest, { log: 'v1', tsa: false })),
      )),
      name: 'a keyless bundle, Rekor v1',
      flags: keylessFlags,
      cosign: keylessFlags,
      allowance: 0.08,
      requests: 5,
    },
  ];
}
