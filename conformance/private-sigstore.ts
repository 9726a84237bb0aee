/**
 * A Sigstore of our own from the real services, on fixed ports of loopback: Fulcio, Rekor v2 and v1, a timestamp authority.
 * Ours are the OpenID Connect issuer, the signer of certificate timestamps (no log behind it) and the small main program
 * that runs Trillian in memory. To be started in a network of its own ({@link inOwnNetwork}).
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '@gantry/testkit';
import { EMAIL_ISSUER, type OidcIssuer, startOidcIssuer } from './oidc-issuer.ts';
import { peer, run, type Service, startService } from './processes.ts';
import { makeSigstoreKeys, type SigstoreKeys } from './sigstore-keys.ts';

const HOST = '127.0.0.1';

/** Base URLs of the services. */
export const SIGSTORE_URLS = {
  ct: `http://${HOST}:6962`,
  fulcio: `http://${HOST}:5555`,
  tsa: `http://${HOST}:3004/api/v1/timestamp`,
  rekor1: `http://${HOST}:3010`,
  rekor2: `http://${HOST}:3003`,
} as const;

/** Files that clients are given. */
export interface SigstoreFiles {
  /** `trusted_root.json` of all services. */
  readonly trustedRoot: string;
  /** `signing_config.json` with Rekor v2 and the timestamp authority, with Rekor v1 and both, with nothing at all. */
  readonly signingConfig: string;
  readonly signingConfigRekor1: string;
  readonly signingConfigEmpty: string;
}

/** What a verifier has of a Sigstore. */
export interface SigstoreMaterial extends SigstoreFiles {
  /** Where its files are. */
  readonly directory: string;
  readonly keys: SigstoreKeys;
}

/** The services while they run. */
export interface PrivateSigstore extends SigstoreMaterial {
  readonly issuer: OidcIssuer;
  /** Stops everything before the test ends. */
  stop(): Promise<void>;
}

/** What is left out or made differently. */
export interface PrivateSigstoreOptions {
  /** False: Fulcio's certificates carry no signed certificate timestamp. */
  readonly ct?: boolean;
}

/** Makes the keys of all services and the files that clients are given. Of a Sigstore that is not started it is another one's. */
export async function makeSigstoreMaterial(directory: string): Promise<SigstoreMaterial> {
  await mkdir(directory, { recursive: true });
  const keys = await makeSigstoreKeys(directory);
  await writeClientFiles(keys, directory);
  return { ...clientFiles(directory), directory, keys };
}

/** Makes keys in `directory` and starts every service; they stop with the test. */
export async function startPrivateSigstore(
  t: Cleanup,
  directory: string,
  { ct = true }: PrivateSigstoreOptions = {},
): Promise<PrivateSigstore> {
  const material = await makeSigstoreMaterial(directory);
  const { keys } = material;
  const issuer = await startOidcIssuer();
  t.after(() => issuer.stop());
  const startRekor1 = async (): Promise<Service[]> => [
    await startService(t, peer('trillian-mem'), [`${HOST}:8090`], 8090),
    await startService(t, peer('rekor'), rekor1Flags(keys), 3010),
  ];
  const services = await Promise.all([
    startService(t, peer('ctsigner'), [`${HOST}:6962`, keys.ct.key], 6962),
    startService(t, peer('fulcio'), fulcioFlags(keys, directory, ct), 5555),
    startService(t, peer('timestamp-server'), tsaFlags(keys), 3004),
    startService(t, peer('rekor-tiles'), rekor2Flags(keys, directory), 3003),
    startRekor1(),
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all([issuer.stop(), ...services.flat().map((service) => service.stop())]);
  };
  return { ...material, issuer, stop };
}

function fulcioFlags({ fulcio }: SigstoreKeys, directory: string, ct: boolean): string[] {
  return [
    ...[
      'serve',
      '--host',
      HOST,
      '--port',
      '5555',
      '--grpc-host',
      HOST,
      '--grpc-port',
      '5554',
      '--metrics-port',
      '2114',
    ],
    ...['--legacy-unix-domain-socket', join(directory, 'fulcio.sock')],
    ...['--config-path', join(import.meta.dirname, 'peers', 'fulcio', 'issuers.yaml')],
    ...['--ca', 'fileca', '--fileca-cert', fulcio.published, '--fileca-key', fulcio.key],
    // It demands a password even for a key that has none.
    ...['--fileca-key-passwd', 'none', '--fileca-watch=false', `--ct-log-url=${ct ? SIGSTORE_URLS.ct : ''}`],
  ];
}

function tsaFlags({ tsa }: SigstoreKeys): string[] {
  return [
    ...['serve', '--host', HOST, '--port', '3004', '--disable-ntp-monitoring', '--timestamp-signer', 'file'],
    ...['--file-signer-key-path', tsa.key, '--certificate-chain-path', tsa.published],
  ];
}

function rekor2Flags({ rekor2 }: SigstoreKeys, directory: string): string[] {
  return [
    ...['serve', '--http-address', HOST, '--http-port', '3003', '--grpc-address', HOST, '--grpc-port', '3001'],
    // Its name is the origin of its checkpoints; clients expect the host of its URL there.
    ...['--http-metrics-port', '2115', '--hostname', HOST, '--storage-dir', join(directory, 'rekor2')],
    ...['--signer-filepath', rekor2.key, '--checkpoint-interval', '200ms', '--batch-max-age', '50ms'],
  ];
}

function rekor1Flags({ rekor1 }: SigstoreKeys): string[] {
  return [
    ...['serve', '--port', '3010', '--rekor_server.address', HOST, '--rekor_server.hostname', HOST],
    ...['--rekor_server.signer', rekor1.key, '--trillian_log_server.address', HOST],
    ...['--trillian_log_server.port', '8090', '--enable_retrieve_api=false'],
  ];
}

function clientFiles(directory: string): SigstoreFiles {
  return {
    trustedRoot: join(directory, 'trusted_root.json'),
    signingConfig: join(directory, 'signing_config.json'),
    signingConfigRekor1: join(directory, 'signing_config_rekor1.json'),
    signingConfigEmpty: join(directory, 'signing_config_empty.json'),
  };
}

async function writeClientFiles({ fulcio, tsa, ct, rekor1, rekor2 }: SigstoreKeys, directory: string): Promise<void> {
  const files = clientFiles(directory);
  const since = 'start-time=2026-01-01T00:00:00Z';
  const { fulcio: ca, tsa: stamps, ct: certificates, rekor1: v1, rekor2: v2 } = SIGSTORE_URLS;
  const cosign = (args: readonly string[]): Promise<string> => run(peer('cosign3'), args, { env: { HOME: directory } });
  await cosign([
    ...['trusted-root', 'create', `--fulcio=url=${ca},certificate-chain=${fulcio.published},${since}`],
    ...[`--tsa=url=${stamps},certificate-chain=${tsa.published},${since}`],
    ...[`--ctfe=url=${certificates},public-key=${ct.published},${since}`],
    ...[`--rekor=url=${v2},public-key=${rekor2.published},${since},origin=${HOST}`],
    ...[`--rekor=url=${v1},public-key=${rekor1.published},${since}`, '--out', files.trustedRoot],
  ]);
  const by = `${since},operator=lab`;
  const all = [
    ...['signing-config', 'create', `--fulcio=url=${ca},api-version=1,${by}`],
    ...[`--oidc-provider=url=${EMAIL_ISSUER},api-version=1,${by}`],
    ...[`--tsa=url=${stamps},api-version=1,${by}`, '--tsa-config=ANY', '--rekor-config=ANY'],
  ];
  await cosign([...all, `--rekor=url=${v2},api-version=2,${by}`, '--out', files.signingConfig]);
  await cosign([...all, `--rekor=url=${v1},api-version=1,${by}`, '--out', files.signingConfigRekor1]);
  await cosign(['signing-config', 'create', '--out', files.signingConfigEmpty]);
}
