import { coreError } from '../core-errors.ts';
import type { TrustRootsOptions } from './material/open-trust-roots.ts';
import type { KeptTrustRoots, TrustRoots } from './material/trust-root.ts';

/** Trust roots of this machine, whose code is loaded when one is first wanted: what verifies nothing does without. */
export function lazyTrustRoots(options: TrustRootsOptions): KeptTrustRoots {
  let opened: Promise<KeptTrustRoots> | undefined;
  const roots = (): Promise<KeptTrustRoots> => {
    opened ??= import('./material/open-trust-roots.ts').then(({ openTrustRoots }) => openTrustRoots(options));
    return opened;
  };
  return {
    load: async (source, op) => (source.type === 'none' ? undefined : (await roots()).load(source, op)),
    atHand: async (source, op) => (source.type === 'none' ? undefined : (await roots()).atHand(source, op)),
    digestAtHand: async (source, op) => (source.type === 'none' ? undefined : (await roots()).digestAtHand(source, op)),
    update: async (source, op) => (source.type === 'none' ? undefined : (await roots()).update(source, op)),
    facts: async (source, op) => (source.type === 'none' ? undefined : (await roots()).facts(source, op)),
    target: async (source, name, op) => (source.type === 'none' ? undefined : (await roots()).target(source, name, op)),
  };
}

/** The trust roots of this machine for whoever judges what is installed: what is at hand, and nobody is asked. */
export function trustRootsAtHand(
  options: Omit<TrustRootsOptions, 'transport' | 'offline'>,
): Pick<TrustRoots, 'atHand' | 'digestAtHand'> {
  const transport = (): never => {
    throw coreError('SIGNATURE_TRUST_ROOT', 'no TUF repository is asked about what is installed');
  };
  return lazyTrustRoots({ ...options, transport, offline: true });
}
