/** install-dynamic-plugins, against what the original does in the same run. */
import { cpSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cpuOf } from './archives.ts';
import { layerOf, pluginDirectory, pluginName, publishPlugins } from './backstage-images.ts';
import { type InstallSample, type Pod, pod } from './backstage-pod.ts';
import { cache } from './fixtures.ts';
import { inTurn, median, type Sample, sample } from './measure.ts';
import { dockerRegistry, slowProxy } from './servers.ts';
import { mib, ms, type Row } from './table.ts';

const IMAGES = 20;
/** Plugins that only the warm start has beside those: all in one image. */
const MORE = 10;
const MiB = 1024 * 1024;

/** Layers that are fetched at one time. */
const CONNECTIONS = 8;

/** What the rows share: a registry with the workload in it. */
interface World {
  readonly pod: Pod;
  readonly port: number;
  /** `repository:tag` of an image for each plugin. */
  readonly images: readonly string[];
  /** Of an image with all of them. */
  readonly bundle: string;
}

/** Rows of `npm run bench -- backstage`. */
export async function backstage(): Promise<Row[]> {
  const directory = join(cache, 'registry-backstage');
  rmSync(directory, { recursive: true, force: true });
  const registry = await dockerRegistry(directory);
  const inside = pod();
  try {
    const { port } = registry;
    const indexes = Array.from({ length: IMAGES }, (_, index) => index);
    const images: string[] = [];
    for (const index of indexes) images.push(await publishPlugins(port, pluginName(index), [index]));
    const bundle = await publishPlugins(port, 'bundle', indexes);
    const world = { pod: inside, port, images, bundle };
    return [...(await cold(world)), await oneImage(world), ...(await slow(world)), await warm(world)];
  } finally {
    await registry.stop();
    inside.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

function plugins({ images }: World, port: number): string[] {
  return images.map((image, index) => `127.0.0.1:${port}/${image}!${pluginName(index)}`);
}

function packages(named: readonly string[]): string[] {
  return named.map((plugin) => `oci://${plugin}`);
}

function seconds(samples: readonly Sample[]): number {
  return median(samples.map((each) => each.seconds));
}

/** 20 images into an empty root on tmpfs. */
async function cold(world: World): Promise<Row[]> {
  const named = plugins(world, world.port);
  world.pod.configure(packages(named));
  const { a, b } = await inTurn(
    3,
    () => world.pod.install(),
    () => world.pod.installAsOriginal(named),
  );
  const memory = Math.max(...a.map((each) => each.peakBytes));
  const spare = Math.max(...a.map((each) => each.spareBytes));
  const inFlight = CONNECTIONS * statSync(await layerOf(pluginName(0), [0])).size;
  return [
    compared(`${IMAGES} images, 16,000 files, cold, tmpfs`, seconds(a), seconds(b), 3, a),
    {
      name: 'peak memory of that run',
      measured: mib(memory),
      against: '',
      target: '<= 120 MiB',
      met: memory <= 120 * MiB,
      notes: '',
    },
    {
      name: 'peak disk of that run beyond the installed tree',
      measured: mib(spare),
      against: `${CONNECTIONS} compressed layers ${mib(inFlight)}`,
      ratio: spare / inFlight,
      target: '<= 1.0',
      met: spare <= inFlight,
      notes: '',
    },
  ];
}

/** The same plugins in one image; once, because the baseline downloads and reads all of it for each plugin. */
async function oneImage(world: World): Promise<Row> {
  const named = world.images.map((_, index) => `127.0.0.1:${world.port}/${world.bundle}!${pluginName(index)}`);
  world.pod.configure(packages(named));
  const { a, b } = await inTurn(
    1,
    () => world.pod.install(),
    () => world.pod.installAsOriginal(named),
  );
  return compared(`${IMAGES} plugins in one image, cold, tmpfs`, seconds(a), seconds(b), 15, a);
}

/** 20 images over a slow network. */
async function slow(world: World): Promise<Row[]> {
  const latencyMs = 80;
  const bytesPerSecond = 10e6;
  let bytes = 0;
  let extraction = 0;
  const out = join(world.pod.directory, 'out');
  for (const index of world.images.keys()) {
    const layer = await layerOf(pluginName(index), [index]);
    bytes += statSync(layer).size;
    mkdirSync(out, { recursive: true });
    extraction += cpuOf(`tar -xzf '${layer}' -C '${out}'`);
    rmSync(out, { recursive: true });
  }
  let seen = { requests: 0, connections: 0 };
  const through = async <T>(run: (named: string[]) => Promise<T>): Promise<T> => {
    const proxy = await slowProxy(world.port, latencyMs, bytesPerSecond);
    try {
      return await run(plugins(world, proxy.port));
    } finally {
      seen = JSON.parse(await proxy.stop()) as typeof seen;
    }
  };
  let asked = seen;
  const { a, b } = await inTurn(
    3,
    async () => {
      const ran = await through((named) => {
        world.pod.configure(packages(named));
        return world.pod.install();
      });
      asked = seen;
      return ran;
    },
    () => through((named) => world.pod.installAsOriginal(named)),
  );
  const waiting = (Math.ceil(asked.requests / CONNECTIONS) * latencyMs) / 1000;
  const network = waiting + bytes / (CONNECTIONS * bytesPerSecond);
  const processor = extraction / availableParallelism();
  const bound = Math.max(network, processor);
  const ours = seconds(a);
  return [
    compared(`${IMAGES} images, ${latencyMs} ms, 80 Mbit/s a connection`, ours, seconds(b), 5, a),
    {
      name: 'that run, against its bound',
      measured: ms(ours),
      against: `bound ${ms(bound)} (N = ${CONNECTIONS}: network ${ms(network)}, processor ${ms(processor)})`,
      ratio: ours / bound,
      target: '<= 1.3',
      met: ours / bound <= 1.3,
      notes: `${asked.requests} requests on ${asked.connections} connections`,
    },
  ];
}

/** A start with nothing to do: 50 plugins, of which 20 are local directories. */
async function warm(world: World): Promise<Row> {
  const inside = world.pod;
  const more = Array.from({ length: MORE }, (_, index) => IMAGES + index);
  const image = await publishPlugins(world.port, 'more', more);
  const locals = [...world.images.keys()].map((index) => {
    cpSync(pluginDirectory(index), join(inside.directory, `local-${index}`), { recursive: true });
    return `./local-${index}`;
  });
  const named = [
    ...plugins(world, world.port),
    ...more.map((index) => `127.0.0.1:${world.port}/${image}!${pluginName(index)}`),
  ];
  inside.configure([...packages(named), ...locals]);
  await inside.install();
  const { a, b } = await inTurn(
    11,
    () => inside.install(false),
    () => sample([process.execPath, '-e', '0']),
  );
  const [ours, bare] = [seconds(a), seconds(b)];
  const requests = Math.max(...a.map(({ report }) => report.requests));
  const unchanged = a[0]?.report.plugins.filter(({ state }) => state === 'unchanged').length;
  return {
    name: `warm start, ${named.length + locals.length} plugins, ${locals.length} of them local, nothing to do`,
    measured: ms(ours),
    against: `bare node ${ms(bare)}`,
    ratio: ours / bare,
    target: '<= 3.0, no request',
    met: ours / bare <= 3 && requests === 0,
    notes: `${requests} requests, ${unchanged} unchanged, peak ${mib(Math.max(...a.map((each) => each.peakBytes)))}`,
  };
}

function compared(name: string, ours: number, theirs: number, times: number, samples: readonly InstallSample[]): Row {
  const peak = Math.max(...samples.map((each) => each.peakBytes));
  return {
    name,
    measured: ms(ours),
    against: `skopeo copy and tarfile ${ms(theirs)}, ${(theirs / ours).toFixed(1)} times`,
    ratio: ours / theirs,
    target: `<= 1/${times}`,
    met: ours * times <= theirs,
    notes: `${samples[0]?.report.requests} requests, peak ${mib(peak)}`,
  };
}
