import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, openTransport, type RegistrySettings, type Transport } from '@gantry/oci';
import type { NpmConfiguration } from './npm-configuration.ts';
import { credentialOf } from './npm-credentials.ts';

/** Connections under npm's settings: one transport for each origin that the user names. */
export interface NpmNetwork extends AsyncDisposable {
  /** The transport of a registry or of a URL that the user wrote, with certificates, authorities and proxies of npm. */
  transportFor(url: URL): Promise<Transport>;
}

/**
 * Nothing is connected before the first request. Disposing closes everything. `temporary` is asked for a directory when
 * something has to be written: whoever sweeps it sweeps what a killed process leaves there.
 */
export function openNpmNetwork(
  { flat }: NpmConfiguration,
  environment: Environment,
  temporary: () => string = tmpdir,
): NpmNetwork {
  const transports = new Map<string, Promise<Transport>>();
  let files: Promise<string> | undefined;
  const own = { ...environment, env: { ...environment.env, ...proxyVariables(flat) } };

  /** npm has the certificates as texts; a transport reads them from files, again for every new connection. */
  const authorityFile = async (): Promise<string | undefined> => {
    const texts = [flat['ca']].flat().filter((text) => typeof text === 'string' && text !== '');
    if (texts.length === 0) return undefined;
    files ??= mkdtemp(join(temporary(), 'gantry-npm-')).then(async (directory) => {
      await writeFile(join(directory, 'ca.pem'), `${texts.join('\n').replaceAll('\\n', '\n')}\n`, { mode: 0o600 });
      return directory;
    });
    return join(await files, 'ca.pem');
  };

  const open = async (url: URL): Promise<Transport> => {
    const caFile = await authorityFile();
    const certificate = credentialOf(flat, url);
    const [certFile, keyFile] = [certificate?.certFile, certificate?.keyFile].map(existing);
    const settings: RegistrySettings = {
      plainHttp: url.protocol === 'http:',
      ...(flat['strictSSL'] === false ? { anyCertificate: true } : {}),
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined || keyFile === undefined ? {} : { clientCertFile: certFile, clientKeyFile: keyFile }),
    };
    return openTransport({ registries: { [url.host]: settings }, environment: own });
  };

  return {
    transportFor: (url) => {
      const found = transports.get(url.origin) ?? open(url);
      transports.set(url.origin, found);
      return found;
    },
    [Symbol.asyncDispose]: async () => {
      const opened = await Promise.allSettled(transports.values());
      for (const one of opened) if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
      if (files !== undefined) await rm(await files, { recursive: true, force: true });
    },
  };
}

/** As npm: a file that is not there is as good as not named. */
function existing(file: string | undefined): string | undefined {
  return file !== undefined && existsSync(file) ? file : undefined;
}

/** npm's proxy settings stand above the environment's; `proxy=false` stands for none at all. */
function proxyVariables(flat: NpmConfiguration['flat']): Record<string, string | undefined> {
  const { httpsProxy, proxy, noProxy } = flat;
  const chosen = typeof httpsProxy === 'string' && httpsProxy !== '' ? httpsProxy : proxy;
  const route = chosen === false ? '' : typeof chosen === 'string' && chosen !== '' ? chosen : undefined;
  return {
    ...(route === undefined ? {} : { HTTPS_PROXY: route, https_proxy: route, HTTP_PROXY: route, http_proxy: route }),
    ...(typeof noProxy === 'string' && noProxy !== '' ? { NO_PROXY: noProxy, no_proxy: noProxy } : {}),
  };
}
