import { endianness } from 'node:os';
import { escapeRemote } from './escape.ts';
import { ociError } from './oci-errors.ts';

/** What an index entry was built for (OCI image-spec, image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/** The platform of Wasm modules in an index. */
export const WASM_PLATFORM: Platform = { os: 'wasi', architecture: 'wasm' };

const OS_NAMES: Readonly<Record<string, string>> = { macos: 'darwin', win32: 'windows' };
const ARCHITECTURES: Readonly<Record<string, readonly [name: string, variant?: string]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  x64: ['amd64'],
  i386: ['386'],
  i686: ['386'],
  ia32: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

/**
 * Parses `os/architecture[/variant]`, and the usual other names of each (`macos`, `x86_64`, `aarch64`, ...).
 * Throws `REFERENCE_INVALID`.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [os, architecture, variant] = parts;
  if (!os || !architecture || parts.length > 3 || !parts.every((part) => /^[a-z0-9][a-z0-9._-]{0,63}$/.test(part))) {
    throw ociError('REFERENCE_INVALID', `"${escapeRemote(text, 80)}" is not a platform`, {
      details: { part: 'platform' },
      hint: 'write it as os/architecture or os/architecture/variant, such as linux/amd64 or linux/arm/v7',
    });
  }
  return normalisedPlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** Writes a platform as `os/architecture[/variant]`. */
export function formatPlatform(platform: Platform): string {
  const variant = platform.variant === undefined ? '' : `/${platform.variant}`;
  return `${platform.os}/${platform.architecture}${variant}`;
}

/** The same platform under the names that Go uses, without the variants that every such machine has (`arm64/v8`). */
export function normalisedPlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const written = platform.architecture.toLowerCase();
  const [architecture, implied] = ARCHITECTURES[written] ?? [written];
  const variant = normalisedVariant(architecture, platform.variant?.toLowerCase() ?? implied);
  const { variant: _, ...rest } = platform;
  return { ...rest, os: OS_NAMES[os] ?? os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function normalisedVariant(architecture: string, variant: string | undefined): string | undefined {
  const numbered = variant !== undefined && /^[0-9]/.test(variant) ? `v${variant}` : variant;
  if (architecture === 'arm64' && (numbered === 'v8' || numbered === 'v8.0')) return undefined;
  if (architecture === 'amd64' && numbered === 'v1') return undefined;
  return numbered === '' ? undefined : numbered;
}

/** The platform this process runs on; on Windows with the version of the system. */
export function hostPlatform(host: Host = thisHost()): Platform {
  const littleEndian = host.endianness === 'LE';
  const architecture =
    host.arch === 'ppc64' && littleEndian ? 'ppc64le' : host.arch === 'mipsel' ? 'mipsle' : host.arch;
  const arm = host.arch === 'arm' && host.armVersion !== undefined ? { variant: `v${host.armVersion}` } : {};
  return normalisedPlatform({ os: host.platform, architecture, ...arm });
}

/** What Node says about the machine. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly endianness: 'BE' | 'LE';
  /** 6 or 7 on 32-bit ARM. */
  readonly armVersion: string | undefined;
}

function thisHost(): Host {
  // The type of process.config does not know the variables of every architecture.
  const variables: Readonly<Record<string, unknown>> = { ...process.config.variables };
  const version = variables['arm_version'];
  return {
    platform: process.platform,
    arch: process.arch,
    endianness: endianness(),
    armVersion: typeof version === 'string' || typeof version === 'number' ? String(version) : undefined,
  };
}
