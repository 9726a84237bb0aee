import type { JsonValue } from '../errors.ts';
import type { Credential } from './credential.ts';

/**
 * Reads one entry of `auths`: `identitytoken`, else `registrytoken`, else `auth` (base64 of user:password), else
 * `username` and `password`. Undefined for an entry without any; `malformed` for one that cannot be read.
 */
export function credentialOf(entry: JsonValue | undefined): Credential | undefined | 'malformed' {
  if (entry === undefined || entry === null) return undefined;
  if (typeof entry !== 'object' || Array.isArray(entry)) return 'malformed';
  const fields = entry as { readonly [key: string]: JsonValue };
  const text = (key: string): string => {
    const value = fields[key];
    return typeof value === 'string' ? value : '';
  };
  if (['identitytoken', 'registrytoken', 'auth', 'username', 'password'].some((key) => isWrong(fields[key]))) {
    return 'malformed';
  }
  if (text('identitytoken') !== '') return { kind: 'identity', token: text('identitytoken') };
  if (text('registrytoken') !== '') return { kind: 'bearer', token: text('registrytoken') };
  if (text('auth') !== '') return decode(text('auth'));
  if (text('username') === '') return undefined;
  return { kind: 'basic', username: text('username'), password: text('password') };
}

/** The entry that docker would write. */
export function entryOf(credential: Exclude<Credential, { kind: 'bearer' }>): Record<string, string> {
  if (credential.kind === 'identity') return { identitytoken: credential.token };
  return { auth: Buffer.from(`${credential.username}:${credential.password}`).toString('base64') };
}

function isWrong(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && typeof value !== 'string';
}

function decode(encoded: string): Credential | 'malformed' {
  const bytes = Buffer.from(encoded, 'base64');
  const strip = (text: string): string => text.replace(/=+$/, '');
  // Buffer skips what is not base64; a round trip does not.
  if (strip(bytes.toString('base64')) !== strip(encoded.trim())) return 'malformed';
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return 'malformed';
  // Docker pads passwords with NUL.
  return { kind: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}
