/** Registry to installed tree: one big layer, many small files, many images over a slow network. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cache, manySmallFiles, oneBigFile } from './fixtures.ts';
import { type Home, home } from './gantry.ts';
import { inTurn, median, type Sample, sample } from './measure.ts';
import { publishArchive } from './publish.ts';
import { countingProxy, dockerRegistry, slowProxy } from './servers.ts';
import { mib, ms, type Row } from './table.ts';

function emptied(name: string): string {
  const directory = join(cache, name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}

async function requestsOf(g: Home, port: number, plugins: readonly string[]): Promise<string> {
  const proxy = await countingProxy(port);
  g.fresh();
  await g.run(['install', ...plugins.map((plugin) => `127.0.0.1:${proxy.port}/${plugin}`)]);
  const { requests } = JSON.parse(await proxy.stop()) as { requests: number };
  return `${requests} requests`;
}

function peak(samples: readonly Sample[]): number {
  return Math.max(...samples.map((each) => each.peakBytes));
}

/** A 450 MB gzip layer with one big file, against `skopeo copy` and `tar -xzf`. */
export async function bigLayer(): Promise<Row[]> {
  const archive = await oneBigFile(430);
  const registry = await dockerRegistry(emptied('registry-big'));
  const g = home('big');
  try {
    const plugin = await publishArchive(registry.port, 'bench/big', archive);
    const { a, b } = await inTurn(
      3,
      () => {
        g.fresh();
        return g.run(['install', `127.0.0.1:${registry.port}/${plugin}`]);
      },
      async () => {
        const copied = emptied('skopeo');
        const out = emptied('skopeo-out');
        const source = `docker://127.0.0.1:${registry.port}/${plugin}`;
        const copy = await sample(['skopeo', 'copy', '-q', '--src-tls-verify=false', source, `dir:${copied}`]);
        const layer = readdirSync(copied)
          .map((name) => join(copied, name))
          .sort((x, y) => statSync(y).size - statSync(x).size)[0];
        const extract = await sample(['tar', '-xzf', layer ?? '', '-C', out]);
        return copy.seconds + extract.seconds;
      },
    );
    const ours = median(a.map((each) => each.seconds));
    const theirs = median(b);
    const requests = await requestsOf(g, registry.port, [plugin]);
    const size = (statSync(archive).size / 1e6).toFixed(0);
    const memory = peak(a);
    return [
      {
        name: `${size} MB gzip layer, one file: registry to installed tree`,
        measured: ms(ours),
        against: `skopeo copy + tar -xzf ${ms(theirs)}`,
        ratio: ours / theirs,
        target: '<= 0.50',
        met: ours / theirs <= 0.5,
        notes: `${requests}, written ${mib(a[0]?.writtenBytes ?? 0)}`,
      },
      {
        name: 'peak memory of that run',
        measured: mib(memory),
        against: '',
        target: '<= 160 MiB',
        met: memory <= 160 * 1024 * 1024,
        notes: '',
      },
    ];
  } finally {
    await registry.stop();
    for (const name of ['registry-big', 'skopeo', 'skopeo-out'])
      rmSync(join(cache, name), { recursive: true, force: true });
    g.fresh();
  }
}

/** 20,000 small files, against `tar -xzf` and a sync of the file system. */
export async function smallFiles(): Promise<Row[]> {
  const archive = await manySmallFiles(20_000);
  const registry = await dockerRegistry(emptied('registry-small'));
  const g = home('small');
  try {
    const plugin = await publishArchive(registry.port, 'bench/small', archive);
    const { a, b } = await inTurn(
      5,
      () => {
        g.fresh();
        return g.run(['install', `127.0.0.1:${registry.port}/${plugin}`]);
      },
      () => {
        const out = emptied('tar-out');
        return sample(['sh', '-c', `tar -xzf '${archive}' -C '${out}' && sync -f '${out}'`]);
      },
    );
    const ours = median(a.map((each) => each.seconds));
    const theirs = median(b.map((each) => each.seconds));
    return [
      {
        name: '20,000 small files: registry to installed tree',
        measured: ms(ours),
        against: `tar -xzf && sync -f ${ms(theirs)}`,
        ratio: ours / theirs,
        target: '<= 2.0',
        met: ours / theirs <= 2,
        notes: `${await requestsOf(g, registry.port, [plugin])}, peak ${mib(peak(a))}`,
      },
    ];
  } finally {
    await registry.stop();
    for (const name of ['registry-small', 'tar-out']) rmSync(join(cache, name), { recursive: true, force: true });
    g.fresh();
  }
}

/** 20 images in parallel over 80 ms and 80 Mbit/s a connection, against the bound of network and processor. */
export async function slowNetwork(): Promise<Row[]> {
  const images = 20;
  const connections = 8;
  const latencyMs = 80;
  const bytesPerSecond = 10e6;
  const registry = await dockerRegistry(emptied('registry-slow'));
  const g = home('slow');
  try {
    const plugins: string[] = [];
    let bytes = 0;
    let extraction = 0;
    for (let index = 0; index < images; index++) {
      const archive = await oneBigFile(8, index + 10);
      bytes += statSync(archive).size;
      plugins.push(await publishArchive(registry.port, `bench/image-${index}`, archive));
      extraction += cpuOf(`tar -xzf '${archive}' -C '${emptied('slow-out')}'`);
    }
    const samples: Sample[] = [];
    let seen = { requests: 0, connections: 0 };
    for (let round = 0; round < 3; round++) {
      const proxy = await slowProxy(registry.port, latencyMs, bytesPerSecond);
      g.fresh();
      samples.push(await g.run(['install', ...plugins.map((plugin) => `127.0.0.1:${proxy.port}/${plugin}`)]));
      seen = JSON.parse(await proxy.stop()) as typeof seen;
    }
    const ours = median(samples.map((each) => each.seconds));
    const network =
      (Math.ceil(seen.requests / connections) * latencyMs) / 1000 + bytes / (connections * bytesPerSecond);
    const bound = Math.max(network, extraction / availableParallelism());
    return [
      {
        name: `${images} images in parallel, ${latencyMs} ms, 80 Mbit/s a connection`,
        measured: ms(ours),
        against: `bound ${ms(bound)} (N = ${connections}: network ${ms(network)}, processor ${ms(extraction / availableParallelism())})`,
        ratio: ours / bound,
        target: '<= 1.3',
        met: ours / bound <= 1.3,
        notes: `${seen.requests} requests on ${seen.connections} connections, peak ${mib(peak(samples))}`,
      },
    ];
  } finally {
    await registry.stop();
    for (const name of ['registry-slow', 'slow-out']) rmSync(join(cache, name), { recursive: true, force: true });
    g.fresh();
  }
}

/** User and system seconds of a shell command and everything it starts. */
export function cpuOf(command: string): number {
  const measured = execFileSync('bash', ['-c', `TIMEFORMAT='%U %S'; { time { ${command}; } ; } 2>&1`], {
    encoding: 'utf8',
  });
  return measured
    .trim()
    .split(/\s+/)
    .map(Number)
    .reduce((sum, each) => sum + each, 0);
}
