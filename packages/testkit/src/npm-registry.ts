import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import type { Cleanup } from './cleanup.ts';
import { gzipped } from './compressed.ts';
import { forgeTar } from './forge-tar.ts';
import { listenOnLoopback } from './listen.ts';

/** A version of a package. */
export interface NpmVersion {
  readonly name: string;
  readonly version: string;
  /** Files below `package/` by path, besides package.json. */
  readonly files?: Readonly<Record<string, string>>;
  /** Fields of package.json besides name and version. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Other bytes than those of an honest archive. */
  readonly tarball?: Uint8Array;
  /** Fields of `dist` in the document: another tarball URL, another integrity; undefined leaves one out. */
  readonly dist?: Readonly<Record<string, string | undefined>>;
  /** Tags that point here. Default `latest`. */
  readonly tags?: readonly string[];
}

/** A request as it came. */
export interface NpmRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** How the registry answers. */
export interface NpmRegistryOptions {
  /** Where its API begins. Default `/`. */
  readonly path?: string;
  /** The Authorization header that every request needs. */
  readonly authorization?: string;
  readonly tls?: TlsOptions;
  /** Locations by path, answered with 302. */
  readonly redirects?: Readonly<Record<string, string>>;
  /** Other answers by path: a status and a body. */
  readonly answers?: Readonly<Record<string, readonly [status: number, body: string]>>;
}

/** A package that was published. */
export interface PublishedPackage {
  readonly tarball: Buffer;
  /** sha512 of the tarball. */
  readonly integrity: string;
  readonly url: string;
}

/** An npm registry in this process: documents of packages and their tarballs, nothing else. */
export interface NpmRegistry {
  /** `http[s]://127.0.0.1:PORT/…/`. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly requests: readonly NpmRequest[];
  publish(version: NpmVersion): PublishedPackage;
  close(): Promise<void>;
}

/** An archive as `npm pack` makes them. */
export function npmTarball({ name, version, files = {}, manifest = {} }: NpmVersion): Buffer {
  const content = { 'package.json': JSON.stringify({ name, version, ...manifest }), ...files };
  return gzipped(forgeTar(Object.entries(content).map(([path, text]) => ({ name: `package/${path}`, content: text }))));
}

/** Starts a registry without packages on a free port of loopback; it ends with the test. */
export async function startNpmRegistry(t: Cleanup, options: NpmRegistryOptions = {}): Promise<NpmRegistry> {
  const { path = '/', tls, redirects = {}, answers = {} } = options;
  const requests: NpmRequest[] = [];
  const documents = new Map<string, { versions: Record<string, unknown>; tags: Record<string, string> }>();
  const tarballs = new Map<string, Buffer>();

  const listener: RequestListener = ({ method = '', url = '', headers }, response) => {
    requests.push({ method, path: url, headers });
    const place = url.split('?', 1)[0] ?? '';
    const other = answers[place];
    const location = redirects[place];
    if (options.authorization !== undefined && headers.authorization !== options.authorization) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end(JSON.stringify({ error: 'authorization needed' }));
    } else if (location !== undefined) {
      response.writeHead(302, { location }).end();
    } else if (other !== undefined) {
      response.writeHead(other[0]).end(other[1]);
    } else {
      const tarball = tarballs.get(place);
      const found = tarball ?? documentOf(decodeURIComponent(place.slice(path.length)));
      response.writeHead(found === undefined ? 404 : 200).end(found ?? JSON.stringify({ error: 'not found' }));
    }
  };
  const documentOf = (name: string): string | undefined => {
    const found = documents.get(name);
    return found && JSON.stringify({ name, versions: found.versions, 'dist-tags': found.tags });
  };

  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
  const { address, close } = await listenOnLoopback(t, server);
  const url = `${tls === undefined ? 'http' : 'https'}://${address}${path}`;
  return {
    url,
    address,
    requests,
    publish: (published) => {
      const { name, version, manifest = {}, tags = ['latest'], dist = {} } = published;
      const tarball = Buffer.from(published.tarball ?? npmTarball(published));
      const file = `${name}/-/${name.slice(name.indexOf('/') + 1)}-${version}.tgz`;
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
      const shasum = createHash('sha1').update(tarball).digest('hex');
      tarballs.set(`${path}${file}`, tarball);
      const document = documents.get(name) ?? { versions: {}, tags: {} };
      documents.set(name, document);
      document.versions[version] = {
        ...manifest,
        name,
        version,
        dist: { tarball: `${url}${file}`, integrity, shasum, ...dist },
      };
      for (const tag of tags) document.tags[tag] = version;
      return { tarball, integrity, url: `${url}${file}` };
    },
    close,
  };
}
