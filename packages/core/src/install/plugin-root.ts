import { resolve } from 'node:path';
import { type Digest, type Environment, isGantryError, type Op, systemEnvironment } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { type FileSystem, systemFileSystem } from '../files/file-system.ts';
import { checkPluginName } from '../plugin/plugin-name.ts';
import type { DiskStore } from '../store/content-store.ts';
import type { Decision } from '../trust/decide.ts';
import { DEFAULT_POLICY, type Policy } from '../trust/policy.ts';
import type { RejectedSignature } from '../trust/signatures/accepted-signature.ts';
import type { VerifiedPlugin } from '../trust/verified-plugin.ts';
import { collectContent } from './collect.ts';
import { holdInstalled } from './hold.ts';
import { guarded, installFault } from './install-fault.ts';
import { type Installed, type InstalledFacts, vouch } from './installed.ts';
import { assertPresent, installedFacts } from './installed-facts.ts';
import { namedRefusal } from './named-refusal.ts';
import type { Plan } from './plan.ts';
import { installedNames, readReceipt, receiptPath, removeReceipt } from './pointers.ts';
import type { InstallOptions, PreparedInstall } from './prepare.ts';
import { keptEvidence, type Receipt } from './receipt.ts';
import { type RootContext, rootPaths } from './root-context.ts';
import { type Standing, standingDecision } from './standing-verdict.ts';

const NOTHING_AT_HAND: Standing['trustRoots'] = { atHand: async () => undefined, digestAtHand: async () => undefined };

/** What a plugin root works with. */
export interface PluginRootOptions {
  /** Asked once, by the first install: what is installed is listed and started without a store. */
  readonly store: () => DiskStore;
  /** What installed plugins are judged under at every start. Default: a digest, or a local file. */
  readonly policy?: Policy;
  /** What signatures are judged by. Default: nothing is at hand, which is enough for keys. */
  readonly trustRoots?: Standing['trustRoots'];
  readonly environment?: Pick<Environment, 'now' | 'monotonic'>;
  readonly fileSystem?: FileSystem;
}

/** One row of a listing. Exactly one of `facts` and `error` is there. */
export interface ListedPlugin {
  readonly name: string;
  /** The verdict is the one under the policy of today, and may refuse. */
  readonly facts?: InstalledFacts;
  /** Why the receipt cannot be read. */
  readonly error?: unknown;
}

/** An installed plugin judged again. */
export interface ReverifiedPlugin {
  readonly name: string;
  /** With the verdict of now; absent when receipt or evidence cannot be read. */
  readonly facts?: InstalledFacts;
  /** Signatures that were looked at and do not count. */
  readonly rejected: readonly RejectedSignature[];
  /** Why it may not start; absent when it may. */
  readonly error?: unknown;
}

/** Everything that is known about an installed plugin. */
export interface Explanation {
  readonly facts: InstalledFacts;
  readonly receipt: Receipt;
  /** Absolute path of the receipt. */
  readonly receiptFile: string;
}

/** Installed plugins: write-once content by digest, and one small receipt for each name that points at it. */
export interface PluginRoot {
  /** Absolute. */
  readonly directory: string;
  /** What {@link PluginRoot.install} would do. Fetches and writes nothing; throws what it would throw by then. */
  plan(verified: VerifiedPlugin, options?: InstallOptions, op?: Op): Promise<Plan>;
  /** Does everything but the switch; see {@link PreparedInstall}. Throws what {@link PluginRoot.install} throws. */
  prepare(verified: VerifiedPlugin, options?: InstallOptions, op?: Op): Promise<PreparedInstall>;
  /**
   * Fetches, stages and publishes a verified plugin, and makes it the live one of its name. Content that is there is not
   * installed again. On any error, and after a kill at any point, the name is what it was before.
   * Throws `POLICY_NOT_VERIFIED`, `INSTALL_NAME_INVALID`, `INSTALL_NAME_TAKEN`, `INSTALL_IO`, `CONTENT_*`, `ARCHIVE_*`.
   */
  install(verified: VerifiedPlugin, options?: InstallOptions, op?: Op): Promise<Installed>;
  /**
   * An installed plugin, judged again under the policy of today. Reads one small file, asks no registry and no store.
   * Throws `INSTALL_NOT_FOUND`, `INSTALL_DAMAGED`, `POLICY_*`.
   */
  get(name: string, op?: Op): Promise<Installed>;
  /** The receipt of a name, unjudged; undefined when there is none. Throws `INSTALL_DAMAGED`. */
  receipt(name: string, op?: Op): Promise<Receipt | undefined>;
  /** Every name, sorted; a damaged receipt does not hide the others. */
  list(op?: Op): Promise<readonly ListedPlugin[]>;
  /** Throws `INSTALL_NOT_FOUND`, `INSTALL_DAMAGED`. */
  why(name: string, op?: Op): Promise<Explanation>;
  /**
   * Judges what is installed again, all of it or one, from the evidence kept with it: no network, no verdict of before, and
   * nothing is written. A plugin that no longer passes is a row with an error, and so is one whose evidence is damaged.
   * Throws `INSTALL_NOT_FOUND` for a name that is not there.
   */
  reverify(name?: string, op?: Op): Promise<readonly ReverifiedPlugin[]>;
  /**
   * Hashes every file of an installed plugin, which costs as much as reading them; a start hashes the one that runs.
   * Throws `INSTALL_NOT_FOUND`, `INSTALL_DAMAGED`, `INSTALL_IO`.
   */
  checkFiles(name: string, op?: Op): Promise<void>;
  /** Takes a name away, and its content when nothing else uses it. Throws `INSTALL_NOT_FOUND`, `INSTALL_IO`. */
  remove(name: string, op?: Op): Promise<void>;
}

/** Opens the plugin root in a directory, which need not exist: the first install creates it. Touches nothing. */
export function openPluginRoot(directory: string, options: PluginRootOptions): PluginRoot {
  const root = resolve(directory);
  const policy = options.policy ?? DEFAULT_POLICY;
  const context: RootContext = {
    fileSystem: options.fileSystem ?? systemFileSystem,
    clock: options.environment ?? systemEnvironment(),
    paths: rootPaths(root),
  };
  let store: DiskStore | undefined;
  const openStoreOnce = (): DiskStore => {
    store ??= options.store();
    return store;
  };

  const notFound = (name: string): Error =>
    coreError('INSTALL_NOT_FOUND', `no plugin ${name} is installed in ${root}`, { details: { name, root } });
  const requireReceipt = (name: string, op?: Op): Receipt => {
    const receipt = readReceipt(context, checkPluginName(name, op), op);
    if (receipt === undefined) throw notFound(name);
    return receipt;
  };
  const standing: Standing = { policy, trustRoots: options.trustRoots ?? NOTHING_AT_HAND };
  const decideToday = (receipt: Receipt, op?: Op, anew = false): Promise<Decision> =>
    standingDecision(context, receipt, standing, anew, op);
  const factsToday = async (receipt: Receipt, op?: Op): Promise<InstalledFacts> =>
    installedFacts(context, receipt, (await decideToday(receipt, op)).verdict);
  const reverifyOne = async (name: string, op?: Op): Promise<ReverifiedPlugin> => {
    try {
      const receipt = requireReceipt(name, op);
      const { verdict, refusal, rejected } = await decideToday(receipt, op, true);
      const facts = installedFacts(context, receipt, verdict);
      return { name, facts, rejected, ...(refusal !== undefined && { error: namedRefusal(receipt, refusal) }) };
    } catch (error) {
      op?.signal?.throwIfAborted();
      return { name, rejected: [], error: installFault(error, `read ${name} in ${root}`) };
    }
  };
  const prepare = (verified: VerifiedPlugin, install: InstallOptions = {}, op?: Op): Promise<PreparedInstall> =>
    guarded(`install into ${root}`, async () => {
      // What installs is not loaded to list or start what is installed.
      const { prepareInstall } = await import('./prepare.ts');
      return prepareInstall(context, openStoreOnce(), verified, install, op);
    });

  return {
    directory: root,
    plan: (verified, install = {}, op) =>
      guarded(`read ${root}`, async () => {
        const { planInstall } = await import('./plan.ts');
        return planInstall(context, verified, install, op);
      }),
    prepare,
    install: async (verified, install, op) => {
      await using prepared = await prepare(verified, install, op);
      return prepared.activate(op);
    },
    get: (name, op) =>
      guarded(`read ${name} in ${root}`, async () => {
        const receipt = requireReceipt(name, op);
        const { verdict, refusal } = await decideToday(receipt, op);
        if (refusal !== undefined) throw namedRefusal(receipt, refusal);
        assertPresent(context, receipt);
        return vouch(installedFacts(context, receipt, verdict), () =>
          holdInstalled(context, receipt.name, receipt.manifest),
        );
      }),
    receipt: (name, op) =>
      guarded(`read ${name} in ${root}`, () => readReceipt(context, checkPluginName(name, op), op)),
    list: (op) =>
      guarded(`list ${root}`, async () => {
        const rows: ListedPlugin[] = [];
        for (const name of installedNames(context)) {
          try {
            const receipt = readReceipt(context, name, op);
            if (receipt !== undefined) rows.push({ name, facts: await factsToday(receipt, op) });
          } catch (error) {
            rows.push({ name, error });
          }
        }
        return rows;
      }),
    why: (name, op) =>
      guarded(`read ${name} in ${root}`, async () => {
        const receipt = requireReceipt(name, op);
        const facts = await factsToday(receipt, op);
        return { facts, receipt, receiptFile: receiptPath(context, name) };
      }),
    reverify: (name, op) =>
      guarded(`list ${root}`, async () => {
        if (name !== undefined && !installedNames(context).includes(checkPluginName(name, op))) throw notFound(name);
        const rows: ReverifiedPlugin[] = [];
        for (const one of name === undefined ? installedNames(context) : [name]) rows.push(await reverifyOne(one, op));
        return rows;
      }),
    checkFiles: (name, op) =>
      guarded(`read ${name} in ${root}`, async () => {
        const receipt = requireReceipt(name, op);
        const { assertIntact } = await import('./assert-intact.ts');
        await assertIntact(context, receipt, op);
      }),
    remove: (name, op) =>
      guarded(`remove ${name} from ${root}`, () => {
        op?.signal?.throwIfAborted();
        if (!installedNames(context).includes(checkPluginName(name, op))) throw notFound(name);
        const unused = contentOf(context, name, op);
        removeReceipt(context, name);
        collectContent(context, unused, op);
      }),
  };
}

/** What a name points at, and the evidence for it; nothing when its receipt is damaged, which can be removed all the same. */
function contentOf(context: RootContext, name: string, op?: Op): Set<Digest> {
  try {
    const receipt = readReceipt(context, name, op);
    return new Set(
      receipt === undefined ? [] : [receipt.manifest, ...keptEvidence(receipt).map(({ digest }) => digest)],
    );
  } catch (error) {
    if (isGantryError(error) && error.code === 'INSTALL_DAMAGED') return new Set();
    throw error;
  }
}
