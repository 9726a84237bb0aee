import type { SigstoreLab } from './lab.ts';
import { jsonBody, refusal, type Service, type ServiceRequest } from './service.ts';
import { timestampOfImprint } from './timestamp.ts';
import { parseTimestampQuery, type TimestampQuery } from './timestamp-query.ts';

/** `POST /api/v1/timestamp`, asked in DER (RFC 3161, 3.4) or in JSON. */
export function tsaService(lab: SigstoreLab): Service {
  return (request) => {
    const query = queryOf(request);
    if (query === undefined) return refusal(400, 'error generating timestamp response: only SHA-256 is stamped here');
    const { digest, nonce, embedCertificate } = query;
    const options = { embedCertificate, ...(nonce === undefined ? {} : { nonce }) };
    const body = timestampOfImprint('sha256', digest, lab.tsa, lab.now(), options);
    return { status: 201, body, headers: { 'content-type': 'application/timestamp-reply' } };
  };
}

function queryOf(request: ServiceRequest): TimestampQuery | undefined {
  if (request.headers['content-type'] !== 'application/json') return parseTimestampQuery(request.body);
  const { artifactHash, hashAlgorithm, certificates } = jsonBody(request);
  if (hashAlgorithm !== 'sha256') return undefined;
  return {
    digest: Buffer.from(String(artifactHash), 'base64'),
    nonce: undefined,
    embedCertificate: certificates === true,
  };
}
