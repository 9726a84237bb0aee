/** What a `signing_config.json` offers. */
export interface SigningConfigOptions {
  /** Which logs: one of that version (default 2), none, or several in that order. */
  readonly rekor?: 1 | 2 | 'none' | readonly (1 | 2)[];
  /** Whether there is a time stamp authority. Default true. */
  readonly tsa?: boolean;
  readonly rekorSelector?: ServiceSelector;
  readonly tsaSelector?: ServiceSelector;
  /** Milliseconds since 1970 from which the services are valid. Default: a day ago. */
  readonly start?: number;
}

/** Which of the services have to be used. */
export type ServiceSelector = { readonly selector: 'ALL' | 'ANY' | 'EXACT' | string; readonly count?: number };

/** One service. */
export interface SigningServiceJson {
  url: string;
  majorApiVersion: number;
  validFor: { start: string; end?: string };
  operator: string;
}

/** A signing config as it stands in JSON, version 0.2. */
export interface SigningConfigJson {
  mediaType: string;
  caUrls?: SigningServiceJson[];
  oidcUrls?: SigningServiceJson[];
  rekorTlogUrls?: SigningServiceJson[];
  rekorTlogConfig?: ServiceSelector;
  tsaUrls?: SigningServiceJson[];
  tsaConfig?: ServiceSelector;
}

/** Writes a signing config whose services are all at one address. */
export function signingConfigJson(url: string, now: number, options: SigningConfigOptions = {}): SigningConfigJson {
  const start = new Date(options.start ?? now - 86_400_000).toISOString();
  const service = (path: string, majorApiVersion: number): SigningServiceJson => ({
    url: `${url}${path}`,
    majorApiVersion,
    validFor: { start },
    operator: 'lab',
  });
  const logs = options.rekor === 'none' ? [] : [options.rekor ?? 2].flat();
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service('', 1)],
    oidcUrls: [service('', 1)],
    rekorTlogUrls: logs.map((version) => service('', version)),
    rekorTlogConfig: options.rekorSelector ?? { selector: 'ANY' },
    tsaUrls: options.tsa === false ? [] : [service('/api/v1/timestamp', 1)],
    tsaConfig: options.tsaSelector ?? { selector: 'ANY' },
  };
}
