import type { Credential, CredentialSource } from '../credentials/credential.ts';
import { ociError } from '../oci-errors.ts';
import type { Op } from '../op.ts';
import type { AddressKind } from '../transport/addresses.ts';
import type { Answer } from '../transport/answer.ts';
import type { KnownRegistry, SettingsLookup } from '../transport/origin-policy.ts';
import type { Access } from '../transport/transport.ts';
import type { Wire } from '../transport/wire.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { TokenCache } from './token-cache.ts';
import { judgeRealm } from './token-realm.ts';
import { basicHeader, secretsOf } from './token-service.ts';

/** What is sent along with a request to the registry's own origin, and nowhere else. */
export interface Authorization {
  readonly header: string;
  /** What must be taken out of anything that the registry says back. */
  readonly secrets: readonly string[];
  readonly credentialed: boolean;
}

/** How a registry wants to be asked, learnt from its last challenge. */
type Scheme =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly zone: AddressKind;
    };

/** One request that wants authorization. */
export interface AuthRequest {
  readonly registry: KnownRegistry;
  readonly access: readonly Access[];
  readonly op: Op | undefined;
  readonly signal: AbortSignal;
}

/**
 * Answers the challenges of registries: Basic, Bearer with a token service, ready-made Bearer tokens. A registry's
 * challenge is remembered, so that later requests bring their authorization at once.
 */
export class Authenticator {
  readonly #wire: Wire;
  readonly #source: CredentialSource | undefined;
  readonly #settingsOf: SettingsLookup;
  readonly #tokens: TokenCache;
  readonly #schemes = new Map<string, Scheme>();

  constructor(wire: Wire, source: CredentialSource | undefined, settingsOf: SettingsLookup) {
    this.#wire = wire;
    this.#source = source;
    this.#settingsOf = settingsOf;
    this.#tokens = new TokenCache(wire);
  }

  /** What to send with a first try: nothing to a registry that never asked. */
  async authorize(request: AuthRequest): Promise<Authorization | undefined> {
    const { origin } = request.registry;
    const scheme = this.#schemes.get(origin);
    if (scheme === undefined) return undefined;
    try {
      return await this.#authorization(scheme, request, undefined);
    } catch (error) {
      // The registry may name another token service by now: the next request lets it.
      this.#schemes.delete(origin);
      throw error;
    }
  }

  /**
   * What to send after a 401 of the registry's own origin that came for `used`; undefined when there is nothing new to
   * try. Throws `REGISTRY_REALM_REFUSED`, `REGISTRY_CREDENTIALS` and what the token service's answer makes.
   */
  async answer(
    refusal: Answer,
    request: AuthRequest,
    used: Authorization | undefined,
  ): Promise<Authorization | undefined> {
    const scheme = this.#choose(refusal);
    if (scheme === undefined) return undefined;
    this.#schemes.set(request.registry.origin, scheme);
    const next = await this.#authorization(scheme, request, used);
    return next?.header === used?.header ? undefined : next;
  }

  #choose(refusal: Answer): Scheme | undefined {
    const challenges = parseChallenges(refusal.headerValues('www-authenticate'));
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
    const realm = bearer?.parameters.get('realm');
    if (realm !== undefined) {
      return { kind: 'bearer', realm, service: bearer?.parameters.get('service'), zone: this.#wire.zoneOf(refusal) };
    }
    return challenges.some(({ scheme }) => scheme === 'basic') ? { kind: 'basic' } : undefined;
  }

  async #authorization(
    scheme: Scheme,
    request: AuthRequest,
    used: Authorization | undefined,
  ): Promise<Authorization | undefined> {
    const credential = await this.#credential(request);
    if (credential?.kind === 'bearer') return authorization(`Bearer ${credential.token}`, credential);
    if (scheme.kind === 'basic') {
      return credential?.kind === 'basic' ? authorization(basicHeader(credential), credential) : undefined;
    }
    const { registry, access, op, signal } = request;
    const hop = judgeRealm(scheme.realm, registry, scheme.zone, credential !== undefined, this.#settingsOf);
    const audience = { hop, service: scheme.service, credential };
    if (used !== undefined) this.#tokens.drop(audience, used.header.slice('Bearer '.length));
    const token = await this.#tokens.get(audience, access, op, signal);
    return authorization(`Bearer ${token}`, credential, token);
  }

  async #credential({ registry, access, op }: AuthRequest): Promise<Credential | undefined> {
    const credential = await this.#source?.credentialFor(registry.origin, access[0]?.repository ?? '', op);
    for (const secret of credential === undefined ? [] : secretsOf(credential)) {
      // Basic values are encoded; a token goes into the header as it is.
      if (credential?.kind !== 'basic' && !/^[\x21-\x7e]+$/.test(secret)) {
        throw ociError('REGISTRY_CREDENTIALS', `the token for ${registry.name} has characters that no token has`, {
          details: { registry: registry.name },
        });
      }
    }
    return credential;
  }
}

/** The actions that a 401 says are missing, else those that were asked for; for messages. */
export function missingAccess(
  refusal: Answer,
  access: readonly Access[],
): { readonly scope: string; readonly named: boolean } {
  const challenges: readonly Challenge[] = parseChallenges(refusal.headerValues('www-authenticate'));
  const insufficient = challenges.find(({ parameters }) => parameters.get('error') === 'insufficient_scope');
  const scope = insufficient?.parameters.get('scope');
  if (scope !== undefined) return { scope, named: true };
  const asked = access.map(({ repository, actions }) => `${actions.join(',')} on ${repository}`).join(', ');
  return { scope: asked, named: insufficient !== undefined };
}

function authorization(header: string, credential: Credential | undefined, token?: string): Authorization {
  const secrets = credential === undefined ? [] : secretsOf(credential);
  return {
    header,
    secrets: token === undefined ? secrets : [...secrets, token],
    credentialed: credential !== undefined,
  };
}
