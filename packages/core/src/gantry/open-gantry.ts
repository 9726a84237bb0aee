import { join } from 'node:path';
import {
  type Op,
  openTransport,
  type PlatformOptions,
  systemEnvironment,
  type TagHint,
  type Transport,
  type TransportOptions,
} from '@gantry/oci';
import type { Installed } from '../install/installed.ts';
import { startLaps } from '../install/laps.ts';
import type { Plan } from '../install/plan.ts';
import { openPluginRoot, type PluginRoot } from '../install/plugin-root.ts';
import type { InstallOptions, PreparedInstall } from '../install/prepare.ts';
import type { PackageSpec, ResolvedPlugin } from '../plugin/plugin.ts';
import type { DiskStore } from '../store/content-store.ts';
import { openStore } from '../store/open-store.ts';
import type { Consent } from '../trust/evidence.ts';
import { lazyTrustRoots } from '../trust/lazy-trust-roots.ts';
import type { KeptTrustRoots } from '../trust/material/trust-root.ts';
import { DEFAULT_POLICY, type Policy } from '../trust/policy.ts';
import { signingTimes } from '../trust/signing-times.ts';
import type { VerifiedPlugin } from '../trust/verified-plugin.ts';
import { explainTrust, type TrustExplanation } from './explain-trust.ts';
import { installSet, type SetOptions, type SetOutcome } from './install-set.ts';
import { installedAlready } from './installed-already.ts';
import { openSources } from './open-sources.ts';
import { openTrustGate } from './trust-gate.ts';

/** What Gantry works with. Everything has a default but the place where it keeps things. */
export interface GantryOptions extends TransportOptions, PlatformOptions {
  /** Directory of `store`, `plugins`, `state` and `trust`, which can each be elsewhere. Created by the first install. */
  readonly home: string;
  /** Another plugin root, for one project say. */
  readonly plugins?: string;
  /** Another content store. */
  readonly store?: string;
  /** Default: a digest is required of everything but local files. */
  readonly policy?: Policy;
  /** Where the newest signing times are remembered. Default: `state` in `home`. */
  readonly state?: string;
  /** Where trust roots from TUF are kept. Default: `trust` in `home`. */
  readonly trust?: string;
}

/** What is to be installed, under which name, with what consent. */
export interface InstallRequest extends PackageSpec, InstallOptions, Consent {}

/** The road a plugin travels: resolve, verify, fetch, install. A runtime loads what comes out of it. */
export interface Gantry extends AsyncDisposable {
  /** What is installed. */
  readonly root: PluginRoot;
  /** Keys of authorities and logs. */
  readonly trustRoots: KeptTrustRoots;
  /** The content store, opened by the first call. */
  store(): DiskStore;
  /** Reads a tag, at most once; after it only digests exist. Throws `REFERENCE_*`, `REGISTRY_*`, `CONTENT_*`. */
  resolve(spec: PackageSpec | string, op?: Op): Promise<ResolvedPlugin>;
  /** Whether the tag of a source has moved, by one HEAD. Undefined where there is no tag: a digest, a path, a URL. Never identity. */
  peek(spec: PackageSpec | string, op?: Op): Promise<TagHint | undefined>;
  /**
   * Judges a resolved plugin: asks for its signatures where the policy requires some, and remembers when what it accepts was
   * signed. Throws `SIGNATURE_*`, `POLICY_*`, and `REGISTRY_*` when the signatures cannot be asked for.
   */
  verify(plugin: ResolvedPlugin, consent?: Consent, op?: Op): Promise<VerifiedPlugin>;
  /** Judges as {@link Gantry.verify} does, and remembers nothing of it. */
  examine(plugin: ResolvedPlugin, consent?: Consent, op?: Op): Promise<VerifiedPlugin>;
  /** Which rules hold for a source, and where they stand. Reads files, asks nobody. */
  explain(spec: PackageSpec | string, op?: Op): Promise<TrustExplanation>;
  /** Says what {@link Gantry.install} would do; fetches no layer and changes nothing. Throws what it would throw by then. */
  plan(request: InstallRequest | string, op?: Op): Promise<Plan>;
  /** Resolves, judges, fetches and installs. The name is switched to it last, and at once. */
  install(request: InstallRequest | string, op?: Op): Promise<Installed>;
  /** Installs a declared set: all, or on any failure none. The outcomes say what failed; it is not thrown. */
  installAll(
    requests: readonly InstallRequest[],
    options?: SetOptions,
    op?: Op,
  ): Promise<readonly SetOutcome<InstallRequest>[]>;
  /**
   * What is installed under a name, or from an unchanged source, without asking anybody; else installs it. A damaged
   * installation is repaired.
   */
  acquire(request: InstallRequest | string, op?: Op): Promise<Installed>;
}

/**
 * Opens Gantry over a directory. Nothing is read, written or connected before it is needed.
 *
 * @example
 * await using gantry = openGantry({ home: '/var/lib/example/gantry' });
 * const installed = await gantry.install('registry.example/acme/tool@sha256:…');
 * console.log(installed.facts.entry);
 */
export function openGantry(options: GantryOptions): Gantry {
  const { home, policy = DEFAULT_POLICY, prefer, credentials, ...anonymous } = options;
  const environment = options.environment ?? systemEnvironment();
  const transports: Transport[] = [];
  const lazily = (transportOptions: TransportOptions): (() => Transport) => {
    let opened: Transport | undefined;
    return () => {
      if (opened === undefined) {
        opened = openTransport(transportOptions);
        transports.push(opened);
      }
      return opened;
    };
  };
  let store: DiskStore | undefined;
  const storeOnce = (): DiskStore => {
    store ??= openStore(options.store ?? join(home, 'store'), { environment });
    return store;
  };
  const downloads = lazily(anonymous);
  const trustRoots = lazyTrustRoots({
    directory: options.trust ?? join(home, 'trust'),
    // No credential belongs to a TUF repository.
    transport: downloads,
    environment,
    offline: options.offline === true,
  });
  const root = openPluginRoot(options.plugins ?? join(home, 'plugins'), {
    store: storeOnce,
    policy,
    trustRoots,
    environment,
  });
  const sources = openSources({
    transport: lazily(credentials === undefined ? anonymous : { ...anonymous, credentials }),
    downloads,
    ...(prefer === undefined ? {} : { prefer }),
  });
  const gate = openTrustGate({
    ...{ root, policy, environment, trustRoots },
    openRepository: sources.repository,
    memory: signingTimes(join(options.state ?? join(home, 'state'), 'signing-times')),
  });

  const resolve = async (spec: PackageSpec | string, op?: Op): Promise<ResolvedPlugin> => {
    const asked = requestOf(spec);
    const lap = startLaps(environment, shownSource(asked));
    const plugin = await sources.resolve(asked, op);
    lap('resolve', plugin.root.digest, op);
    return plugin;
  };
  const verify = async (plugin: ResolvedPlugin, consent?: Consent, op?: Op): Promise<VerifiedPlugin> => {
    const lap = startLaps(environment, plugin.reference);
    const verified = await gate.pass(plugin, consent, op);
    lap('verify', plugin.root.digest, op);
    return verified;
  };
  const prepare = async (request: InstallRequest, op?: Op): Promise<PreparedInstall> =>
    root.prepare(await verify(await resolve(request, op), request, op), request, op);
  const install = async (request: InstallRequest | string, op?: Op): Promise<Installed> => {
    await using prepared = await prepare(requestOf(request), op);
    return prepared.activate(op);
  };

  return {
    root,
    trustRoots,
    store: storeOnce,
    resolve,
    peek: (spec, op) => sources.peek(requestOf(spec), op),
    verify,
    examine: (plugin, consent, op) => gate.examine(plugin, consent, op),
    explain: (spec, op) => explainTrust(requestOf(spec), policy, trustRoots, op),
    plan: async (request, op) => {
      const asked = requestOf(request);
      return root.plan(await gate.examine(await resolve(asked, op), asked, op), asked, op);
    },
    install,
    installAll: (requests, setOptions, op) => installSet(requests, (request) => prepare(request, op), setOptions, op),
    acquire: async (request, op) => {
      const asked = requestOf(request);
      return (await installedAlready(root, asked, op)) ?? install(asked, op);
    },
    [Symbol.asyncDispose]: async () => {
      await sources[Symbol.asyncDispose]();
      for (const transport of transports) await transport[Symbol.asyncDispose]();
      await store?.[Symbol.asyncDispose]();
    },
  };
}

function requestOf(request: InstallRequest | string): InstallRequest {
  return typeof request === 'string' ? { source: request } : request;
}

/** A source as it can be shown: what follows a `?` may be a signature. */
function shownSource({ source }: PackageSpec): string {
  const query = source.indexOf('?');
  return query < 0 ? source : source.slice(0, query);
}
