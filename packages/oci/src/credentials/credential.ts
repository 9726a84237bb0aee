import type { Op } from '../op.ts';
import type { Origin } from '../transport/origin.ts';

/** What proves to a registry who asks. An identity token is exchanged by POST, never sent as a password. */
export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity'; readonly token: string }
  | { readonly kind: 'bearer'; readonly token: string };

/** Finds the credential for an origin and repository. Undefined: ask anonymously. A failing source throws. */
export interface CredentialSource {
  credentialFor(origin: Origin, repository: string, op?: Op): Promise<Credential | undefined>;
}
