import type { SigningConfig, SigningService } from './signing-config.ts';

/** The services of the public-good instance of Sigstore, as its `signing_config.json` lists them. */
export const PUBLIC_SIGNING_CONFIG: SigningConfig = {
  name: 'sigstore.dev',
  authorities: [service('https://fulcio.sigstore.dev')],
  logs: { services: [service('https://rekor.sigstore.dev')], selector: 'ANY', count: 0 },
  timestampAuthorities: {
    services: [service('https://timestamp.sigstore.dev/api/v1/timestamp')],
    selector: 'ANY',
    count: 0,
  },
};

function service(url: string): SigningService {
  return { url: new URL(url), version: 1, operator: 'sigstore.dev', start: 0, end: Number.POSITIVE_INFINITY };
}
