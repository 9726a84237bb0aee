/**
 * The grammar of distribution/reference, part by part. Every check takes the whole text and the range of its part, so that
 * an error can point at the offending column; every check is linear. Positions are UTF-16 offsets, from 0.
 */
import { type Digest, digestFault } from './digest.ts';
import { referenceFault } from './reference-fault.ts';

const MAX_REPOSITORY = 255;
const MAX_TAG = 128;
const MAX_HOST = 253;
const MAX_LABEL = 63;

/** `host[:port]`, lower-case; IPv6 in its shortest form, in brackets. */
export function checkHost(text: string, start: number, end: number): string {
  if (text[start] === '[') return checkIpv6Host(text, start, end);
  const colon = text.indexOf(':', start);
  const hostEnd = colon >= 0 && colon < end ? colon : end;
  let label = start;
  for (let at = start; at <= hostEnd; at++) {
    const char = at < hostEnd ? text.charAt(at) : '.';
    if (char === '.') {
      checkLabel(text, label, at);
      label = at + 1;
    } else if (!/^[a-zA-Z0-9-]$/.test(char)) {
      throw referenceFault(text, at, 'registry', 'a registry host has letters, digits, hyphens and dots');
    }
  }
  if (hostEnd - start > MAX_HOST) {
    throw referenceFault(text, start + MAX_HOST, 'registry', `a registry host has at most ${MAX_HOST} characters`);
  }
  const host = text.slice(start, hostEnd).toLowerCase();
  checkPlainAddress(text, start, host);
  return `${host}${checkPort(text, hostEnd, end)}`;
}

function checkLabel(text: string, start: number, end: number): void {
  if (start === end) throw referenceFault(text, start, 'registry', 'a registry host has no empty label');
  if (text[start] === '-') throw referenceFault(text, start, 'registry', 'a host label does not begin with a hyphen');
  if (text[end - 1] === '-') throw referenceFault(text, end - 1, 'registry', 'a host label does not end with a hyphen');
  if (end - start > MAX_LABEL) {
    throw referenceFault(text, start + MAX_LABEL, 'registry', `a host label has at most ${MAX_LABEL} characters`);
  }
}

// SAFETY: `0x7f.1` and `127.1` would be dialled as 127.0.0.1; only names that mean themselves are hosts (A9, A12).
function checkPlainAddress(text: string, start: number, host: string): void {
  const url = URL.parse(`http://${host}/`);
  if (url === null) throw referenceFault(text, start, 'registry', 'the registry host is not a valid name or address');
  if (url.hostname !== host) {
    throw referenceFault(
      text,
      start,
      'registry',
      `the registry host means another address; write it as ${url.hostname}`,
    );
  }
}

function checkIpv6Host(text: string, start: number, end: number): string {
  const close = text.indexOf(']', start);
  if (close < 0 || close >= end)
    throw referenceFault(text, start, 'registry', 'the bracket of the address is not closed');
  const address = text.slice(start + 1, close);
  // Dotted tails and zones are outside the grammar of distribution, though they are addresses.
  if (!/^[0-9a-fA-F:]+$/.test(address) || !process.getBuiltinModule('node:net').isIPv6(address)) {
    throw referenceFault(text, start + 1, 'registry', 'not an IPv6 address in hexadecimal form without zone');
  }
  const host = new URL(`http://[${address}]/`).hostname;
  return `${host}${checkPort(text, close + 1, end)}`;
}

function checkPort(text: string, start: number, end: number): string {
  if (start === end) return '';
  if (text[start] !== ':') throw referenceFault(text, start, 'registry', 'only a port may follow the host');
  const port = text.slice(start + 1, end);
  if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65535) {
    throw referenceFault(text, start + 1, 'registry', 'a port is a number from 1 to 65535');
  }
  return `:${port}`;
}

/** Path components of `[a-z0-9]+` joined by `.`, `_`, `__` or hyphens; `library/` is added to a bare Docker Hub name. */
export function checkRepository(text: string, start: number, end: number, dockerHub: boolean): string {
  let previous = '/';
  let run = 0;
  for (let at = start; at <= end; at++) {
    const char = at < end ? text.charAt(at) : '/';
    if (/^[A-Z]$/.test(char)) throw referenceFault(text, at, 'repository', 'a repository name is lower-case');
    if (!/^[a-z0-9._/-]$/.test(char)) {
      throw referenceFault(text, at, 'repository', 'a repository name has lower-case letters, digits and . _ - /');
    }
    const separator = /^[._/-]$/.test(char);
    run = separator && char === previous ? run + 1 : 1;
    if (separator && !separatorFollows(previous, char, run)) {
      const message = at === start ? 'the repository name is missing' : separatorMessage(previous, char);
      throw referenceFault(text, at, 'repository', message);
    }
    previous = char;
  }
  const written = text.slice(start, end);
  const repository = dockerHub && !written.includes('/') ? `library/${written}` : written;
  if (repository.length > MAX_REPOSITORY) {
    const message = `a repository name has at most ${MAX_REPOSITORY} characters, this has ${repository.length}`;
    throw referenceFault(text, start, 'repository', message);
  }
  return repository;
}

/** Whether a separator may stand after the character before it: after letters and digits, and in `__` and runs of hyphens. */
function separatorFollows(previous: string, char: string, run: number): boolean {
  if (/^[a-z0-9]$/.test(previous)) return true;
  return char === previous && (char === '-' || (char === '_' && run === 2));
}

function separatorMessage(previous: string, char: string): string {
  if (previous === '/' && char === '/') return 'a repository name has no empty component';
  if (previous === '/') return 'a component begins with a letter or digit';
  if (char === '/') return 'a component ends with a letter or digit';
  return 'the separators are one dot, one or two underscores, or hyphens';
}

/** `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`. */
export function checkTag(text: string, start: number, end: number): string {
  const tag = text.slice(start, end);
  if (tag === '') throw referenceFault(text, start, 'tag', 'the tag after the colon is missing');
  if (!/^[A-Za-z0-9_]/.test(tag)) throw referenceFault(text, start, 'tag', 'a tag begins with a letter, digit or _');
  const wrong = tag.search(/[^A-Za-z0-9._-]/);
  if (wrong >= 0) throw referenceFault(text, start + wrong, 'tag', 'a tag has letters, digits and . _ -');
  if (tag.length > MAX_TAG) {
    throw referenceFault(
      text,
      start + MAX_TAG,
      'tag',
      `a tag has at most ${MAX_TAG} characters, this has ${tag.length}`,
    );
  }
  return tag;
}

/** Whether a text can be a tag. */
export function isTag(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(text);
}

/** A digest inside a reference. */
export function checkReferenceDigest(text: string, start: number, end: number): Digest {
  const digest = text.slice(start, end);
  const fault = digestFault(digest);
  if (fault !== undefined) throw referenceFault(text, start + fault.offset, 'digest', fault.message);
  return digest as Digest;
}

/** A relative path of plain components, to the end of the text. */
export function checkInnerPath(text: string, start: number): string {
  const path = text.slice(start);
  if (path === '') throw referenceFault(text, start, 'path', 'the path after the ! is missing');
  const wrong = path.search(/[\\\x00-\x1f\x7f]/);
  if (wrong >= 0) throw referenceFault(text, start + wrong, 'path', 'a path has no backslash and no control character');
  let at = start;
  for (const component of path.split('/')) {
    if (component === '' || component === '.' || component === '..') {
      throw referenceFault(text, at, 'path', 'a path is relative, without empty, "." and ".." components');
    }
    at += component.length + 1;
  }
  return path;
}
