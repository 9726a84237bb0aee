import { type GantryError, isGantryError } from '../errors.ts';
import { escapeRemote } from '../escape.ts';
import { type OciErrorCode, ociError } from '../oci-errors.ts';
import { networkError } from './network-errors.ts';

const UNKNOWN_ISSUER = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

const MEANINGS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks no version of TLS that is allowed (1.2 or newer)',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks no version of TLS that is allowed (1.2 or newer)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS at all',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS at all',
};

/**
 * The `REGISTRY_TLS` error of a failed handshake; `details.reason` is OpenSSL's code. Resets and the like, which say
 * nothing about TLS, are `REGISTRY_UNREACHABLE`.
 */
export function tlsError(error: unknown, host: string, issuer: string | undefined): GantryError {
  if (isGantryError(error)) return error;
  const code = (error as { code?: unknown }).code;
  const reason = typeof code === 'string' ? code : 'UNKNOWN';
  if (/^E[A-Z]+$/.test(reason) && reason !== 'EPROTO') {
    return networkError(error, `cannot connect to ${host}: TLS handshake`, { host });
  }
  return handshakeError(error, host, reason, issuer);
}

function handshakeError(
  cause: unknown,
  host: string,
  reason: string,
  issuer: string | undefined,
): GantryError<OciErrorCode> {
  const shown = issuer === undefined ? undefined : escapeRemote(issuer);
  if (UNKNOWN_ISSUER.has(reason)) {
    const named = shown === undefined ? 'its issuer' : `the issuer "${shown}"`;
    return ociError('REGISTRY_TLS', `the certificate of ${host} is not trusted: ${named} was not found (${reason})`, {
      details: { host, reason, issuer: shown ?? null },
      cause,
    });
  }
  const meaning = MEANINGS[reason] ?? 'the handshake failed';
  const hint = reason.startsWith('ERR_SSL_')
    ? 'check that the port speaks TLS 1.2 or newer; for a plain registry set --plain-http'
    : 'the certificate must be renewed or replaced by the operator of the host';
  return ociError('REGISTRY_TLS', `no TLS connection to ${host}: ${meaning} (${reason})`, {
    details: { host, reason },
    cause,
    hint,
  });
}
