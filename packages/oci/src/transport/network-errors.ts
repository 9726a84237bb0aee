import { type ErrorDetails, type GantryError, isGantryError } from '../errors.ts';
import { type OciErrorCode, ociError } from '../oci-errors.ts';

/** Errors of name resolution and sockets that may pass; `ENOTFOUND` is the name server's definite no. */
const PASSING = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'HPE_INVALID_EOF_STATE',
]);

/**
 * The `REGISTRY_*` error for a failure of Node's resolver, sockets or HTTP parser, `what` being the start of its
 * message. Errors that are Gantry's already pass unchanged. `retryable` says whether another attempt makes sense.
 */
export function networkError(error: unknown, what: string, details: ErrorDetails = {}): GantryError {
  if (isGantryError(error)) return error;
  const reason = reasonOf(error);
  const facts = { ...details, reason };
  // SAFETY: the parser's errors carry the bytes that came, and a server may send back what it got (A11).
  if (error instanceof Error && 'rawPacket' in error) delete error.rawPacket;
  if (reason === 'HPE_HEADER_OVERFLOW') {
    return ociError('REGISTRY_LIMIT', `${what}: the headers of the answer exceed the limit headerBytes`, {
      details: facts,
      cause: error,
    });
  }
  if (reason.startsWith('HPE_') && !PASSING.has(reason)) {
    return ociError('REGISTRY_PROTOCOL', `${what}: the answer is not HTTP/1.1 (${reason})`, {
      details: facts,
      cause: error,
    });
  }
  if (reason.startsWith('ERR_SSL_')) {
    // With TLS 1.3 a server refuses a client certificate, or the lack of one, after the handshake.
    return ociError('REGISTRY_TLS', `${what}: the TLS connection was refused (${reason})`, {
      details: facts,
      cause: error,
      hint: 'the registry may want a client certificate: set registries.HOST.clientCertFile and clientKeyFile',
    });
  }
  return unreachable(error, what, facts, PASSING.has(reason));
}

function unreachable(
  error: unknown,
  what: string,
  details: ErrorDetails,
  retryable: boolean,
): GantryError<OciErrorCode> {
  return ociError('REGISTRY_UNREACHABLE', `${what}: ${describe(String(details['reason']))}`, {
    details,
    cause: error,
    retryable,
  });
}

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'UNKNOWN';
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name does not exist (ENOTFOUND)',
  EAI_AGAIN: 'the name server does not answer (EAI_AGAIN)',
  ECONNREFUSED: 'connection refused (ECONNREFUSED)',
  ECONNRESET: 'connection reset (ECONNRESET)',
  EHOSTUNREACH: 'no route to the host (EHOSTUNREACH)',
  ENETUNREACH: 'no route to the network (ENETUNREACH)',
};

function describe(reason: string): string {
  return DESCRIPTIONS[reason] ?? reason;
}
