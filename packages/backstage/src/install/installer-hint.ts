import { type GantryError, ociError } from '@gantry/oci';

/** In a pod nobody logs in: credentials come from a file that is mounted. */
const CREDENTIALS =
  'put credentials for the registry into the auth.json that $REGISTRY_AUTH_FILE names, or that of $HOME/.config/containers';

/** What to do about an error where an init container reports it. */
export function installerHint({ code, hint }: GantryError): string {
  return code === 'REGISTRY_UNAUTHORIZED' && hint === ociError.specs.REGISTRY_UNAUTHORIZED.hint ? CREDENTIALS : hint;
}
