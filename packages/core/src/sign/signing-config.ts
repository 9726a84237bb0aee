import { isGantryError, type Op } from '@gantry/oci';
import { readConfigText } from '../config/read-config-text.ts';
import { coreError } from '../core-errors.ts';
import { type KeptTrustRoots, PUBLIC_GOOD_MIRROR, type TrustRootSource } from '../trust/material/trust-root.ts';
import { SignatureFields } from '../trust/signatures/signature-fields.ts';

/** Which services sign, as Sigstore publishes it (sigstore_trustroot.proto, `SigningConfig`, version 0.2). */
export interface SigningConfig {
  /** For messages: its file, or where it came from. */
  readonly name: string;
  /** Certificate authorities (Fulcio). */
  readonly authorities: readonly SigningService[];
  /** Transparency logs (Rekor). */
  readonly logs: ServiceGroup;
  readonly timestampAuthorities: ServiceGroup;
}

/** Services of one kind, and how many of them are used. */
export interface ServiceGroup {
  readonly services: readonly SigningService[];
  readonly selector: 'ANY' | 'ALL' | 'EXACT';
  /** How many, for `EXACT`. */
  readonly count: number;
}

/** One service. */
export interface SigningService {
  readonly url: URL;
  readonly version: number;
  readonly operator: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Milliseconds since 1970, that moment included; infinity when it has no end. */
  readonly end: number;
}

const MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';
/** What TUF repositories of Sigstore call it. */
const TARGET = 'signing_config.v0.2.json';

/** Reads a `signing_config.json`. Throws `CONFIG_SIGNING_SERVICE` and `CONFIG_UNREADABLE`. */
export async function readSigningConfig(file: string, op?: Op): Promise<SigningConfig> {
  const text = await readConfigText(file, op);
  if (text === undefined) throw coreError('CONFIG_UNREADABLE', `${file}: there is no such file`, { details: { file } });
  return parseSigningConfig(text, file, op);
}

/**
 * The signing configuration of a TUF repository, the public one by default: so that services which are retired are not asked
 * any more. Throws `CONFIG_SIGNING_SERVICE` when it has none, `SIGNATURE_TRUST_ROOT`, `REGISTRY_*`.
 */
export async function fetchSigningConfig(
  trustRoots: Pick<KeptTrustRoots, 'target'>,
  source: TrustRootSource = { type: 'public' },
  op?: Op,
): Promise<SigningConfig> {
  const bytes = await trustRoots.target(source, TARGET, op);
  const name = source.type === 'tuf' ? source.mirror : PUBLIC_GOOD_MIRROR;
  if (bytes === undefined) throw invalid(name, `it has no ${TARGET}`);
  return parseSigningConfig(bytes, `${name}/${TARGET}`, op);
}

/** As {@link readSigningConfig}, for text; `name` is for messages. */
export function parseSigningConfig(text: string | Uint8Array, name: string, op?: Op): SigningConfig {
  try {
    const root = SignatureFields.parse(text, 'signing configuration', op);
    const mediaType = root.text('mediaType');
    if (mediaType !== MEDIA_TYPE) throw invalid(name, `expected ${MEDIA_TYPE}, found ${JSON.stringify(mediaType)}`);
    return {
      name,
      authorities: services(root, 'caUrls', name, op),
      logs: group(root, 'rekorTlogUrls', 'rekorTlogConfig', name, op),
      timestampAuthorities: group(root, 'tsaUrls', 'tsaConfig', name, op),
    };
  } catch (cause) {
    if (!isGantryError(cause) || cause.code === 'CONFIG_SIGNING_SERVICE') throw cause;
    throw coreError('CONFIG_SIGNING_SERVICE', `${name}: ${cause.message}`, { cause, details: { file: name } });
  }
}

function services(root: SignatureFields, key: string, name: string, op: Op | undefined): SigningService[] {
  return root.objects(key, op).map((service) => {
    const url = URL.parse(service.text('url'));
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
      throw invalid(name, `${key}: expected an http or https URL without a user`);
    }
    const validFor = service.has('validFor') ? service.object('validFor') : undefined;
    return {
      url,
      version: Number(service.decimal('majorApiVersion')),
      operator: service.optionalText('operator') ?? '',
      start: time(validFor?.optionalText('start'), 0, name),
      end: time(validFor?.optionalText('end'), Number.POSITIVE_INFINITY, name),
    };
  });
}

function group(root: SignatureFields, key: string, configKey: string, name: string, op: Op | undefined): ServiceGroup {
  const listed = services(root, key, name, op);
  const config = root.has(configKey) ? root.object(configKey) : undefined;
  const selector = config?.optionalText('selector');
  const count = Number(config?.decimal('count') ?? 0);
  // Without services it does not matter, and an empty configuration says nothing here.
  if (listed.length === 0) return { services: [], selector: 'ALL', count };
  if (selector !== 'ANY' && selector !== 'ALL' && selector !== 'EXACT') {
    throw invalid(name, `${configKey}: expected the selector ANY, ALL or EXACT, found ${selector ?? 'none'}`);
  }
  if (selector === 'EXACT' && count < 1) throw invalid(name, `${configKey}: EXACT needs a count of at least 1`);
  return { services: listed, selector, count };
}

function time(text: string | undefined, absent: number, name: string): number {
  if (text === undefined) return absent;
  const parsed = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(parsed)) {
    throw invalid(name, `validFor: expected a time in ISO 8601, found ${JSON.stringify(text)}`);
  }
  return parsed;
}

function invalid(name: string, message: string): Error {
  return coreError('CONFIG_SIGNING_SERVICE', `${name}: ${message}`, { details: { file: name } });
}
