import type { Platform } from './platform.ts';
import { normalisedPlatform } from './platform.ts';

/**
 * How well something built for one platform suits a machine: a list of numbers to compare from the left, smaller is
 * better. Undefined: it does not run there. Exact equality gives all zeros.
 */
export type Suitability = readonly number[];

/**
 * Judges a platform against the wanted one. System and architecture must be the same; an older variant (`arm/v6` on v7,
 * `amd64/v2` on v3) and an older `os.version` are compatible, and what says nothing about either is compatible too.
 */
export function platformSuits(offered: Platform, wanted: Platform): Suitability | undefined {
  const have = normalisedPlatform(offered);
  const want = normalisedPlatform(wanted);
  if (have.os !== want.os || have.architecture !== want.architecture) return undefined;
  const variant = variantDistance(have.architecture, have.variant, want.variant);
  const version = versionDistance(have['os.version'], want['os.version']);
  const features = featureDistance(have, want);
  if (variant === undefined || version === undefined || features === undefined) return undefined;
  return [...variant, ...version, features];
}

/** Compares two judgements; negative when the first is better. */
export function compareSuitability(a: Suitability, b: Suitability): number {
  for (let index = 0; index < a.length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What a machine can do whose variant is not named, and what something needs that does not name one. */
const BASE_VARIANT: Readonly<Record<string, string>> = { amd64: 'v1', arm: 'v7', arm64: 'v8' };

function variantDistance(architecture: string, have?: string, want?: string): Suitability | undefined {
  if (have === want) return [0, 0, 0];
  const base = BASE_VARIANT[architecture];
  const built = variantNumber(have ?? base);
  const machine = variantNumber(want ?? base);
  // Names that are not numbers cannot be compared; only silence is compatible with them.
  if (built === undefined || machine === undefined) return have === undefined ? [1, 0, 0] : undefined;
  const [major, minor] = built;
  const [machineMajor, machineMinor] = machine;
  if (major > machineMajor || (major === machineMajor && minor > machineMinor)) return undefined;
  // Armv9.n includes Armv8.(n+5) and nothing later of the eighth.
  if (architecture === 'arm64' && machineMajor === 9 && major === 8 && minor > machineMinor + 5) return undefined;
  return [1, machineMajor - major, 100 - minor];
}

function variantNumber(variant: string | undefined): readonly [major: number, minor: number] | undefined {
  const match = /^v([0-9]{1,2})(?:\.([0-9]{1,2}))?$/.exec(variant ?? '');
  return match === null ? undefined : [Number(match[1]), Number(match[2] ?? 0)];
}

function versionDistance(have?: string, want?: string): Suitability | undefined {
  if (have === want) return [0, 0, 0, 0];
  if (have === undefined || want === undefined) return [1, 0, 0, 0];
  const built = versionNumbers(have);
  const machine = versionNumbers(want);
  // The fourth number of a Windows version counts updates and never breaks anything.
  for (const index of [0, 1, 2]) {
    const difference = (machine[index] ?? 0) - (built[index] ?? 0);
    if (difference < 0) return undefined;
    if (difference > 0) break;
  }
  return [1, ...[0, 1, 2].map((index) => (machine[index] ?? 0) - (built[index] ?? 0))];
}

function versionNumbers(version: string): readonly number[] {
  return version.split('.', 4).map((part) => (/^[0-9]{1,9}$/.test(part) ? Number(part) : 0));
}

function featureDistance(have: Platform, want: Platform): number | undefined {
  const needed = have['os.features'] ?? [];
  const offered = want['os.features'] ?? [];
  // Every Windows that is not a nano server has win32k.
  const missing = needed.filter((feature) => !offered.includes(feature) && feature !== 'win32k');
  if (missing.length > 0) return undefined;
  return needed.length === offered.length ? 0 : 1;
}
