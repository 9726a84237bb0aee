import type { GantryError } from '../errors.ts';
import { redactRemote } from '../escape.ts';
import { type OciErrorCode, ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Answer } from './answer.ts';
import { displayUrl } from './origin.ts';
import type { KnownRegistry } from './origin-policy.ts';
import type { TransportRequest } from './transport.ts';

const CODES: Readonly<Record<number, OciErrorCode>> = {
  401: 'REGISTRY_UNAUTHORIZED',
  403: 'REGISTRY_DENIED',
  404: 'REGISTRY_NOT_FOUND',
  405: 'REGISTRY_UNSUPPORTED',
  408: 'REGISTRY_UNAVAILABLE',
  429: 'REGISTRY_RATE_LIMITED',
  501: 'REGISTRY_UNSUPPORTED',
};

/** Reads what a refusing answer says, at most `errorBodyBytes` of it, and makes the error of it. */
export async function answerError(
  answer: Answer,
  request: TransportRequest,
  registry: KnownRegistry,
  attempts: number,
): Promise<GantryError> {
  const said = await remoteMessage(answer);
  const code = CODES[answer.status] ?? (answer.status >= 500 ? 'REGISTRY_UNAVAILABLE' : 'REGISTRY_PROTOCOL');
  return ociError(
    code,
    `${request.method} ${displayUrl(answer.url)}: status ${answer.status}${said === '' ? '' : `: ${said}`}`,
    {
      details: { registry: registry.name, status: answer.status, attempts },
    },
  );
}

async function remoteMessage(answer: Answer): Promise<string> {
  try {
    return redactRemote(new TextDecoder().decode(await answer.bytes(ociLimits(undefined, 'errorBodyBytes'))));
  } catch {
    return '';
  }
}
