import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Cleanup } from '../cleanup.ts';
import { listenOnLoopback } from '../listen.ts';
import { fulcioService } from './fulcio-service.ts';
import type { LabKeyPair } from './keys.ts';
import type { SigstoreLab } from './lab.ts';
import { rekorV1Service, rekorV2Service } from './rekor-services.ts';
import { jsonAnswer, refusal, type Service, type ServiceAnswer, type ServiceRequest } from './service.ts';
import { type SigningConfigJson, type SigningConfigOptions, signingConfigJson } from './signing-config.ts';
import { issueToken, type TokenSubject } from './tokens.ts';
import { tsaService } from './tsa-service.ts';

/** Options of {@link SigstoreLab.serve}. */
export interface ServeLabOptions {
  /** Answers instead of the services when it returns something; `count` starts at 1. */
  readonly answer?: (request: ServiceRequest, count: number) => ServiceAnswer | undefined;
  /** Who runs on GitHub Actions, as its token endpoint says. */
  readonly actions?: TokenSubject;
}

/** The services of a lab on loopback. All have one address and listen at any path in front of their own. */
export interface LabServices {
  /** `http://127.0.0.1:PORT`: Fulcio and both Rekors. */
  readonly url: string;
  /** Where the time stamp authority takes requests. */
  readonly tsaUrl: string;
  /** What GitHub Actions tells a job about its token endpoint. */
  readonly actionsEnvironment: Readonly<Record<string, string>>;
  /** What was asked, in order. */
  readonly requests: readonly ServiceRequest[];
  /** A `signing_config.json` of these services. */
  signingConfig(options?: SigningConfigOptions): SigningConfigJson;
  close(): Promise<void>;
}

const ACTIONS_TOKEN = 'actions-request-token';

/** Starts the services on a free loopback port and stops them after the test. */
export async function serveLab(
  t: Cleanup,
  lab: SigstoreLab,
  issuerKey: LabKeyPair,
  options: ServeLabOptions = {},
): Promise<LabServices> {
  const requests: ServiceRequest[] = [];
  const rekorV1 = rekorV1Service(lab);
  const services: readonly (readonly [RegExp, Service])[] = [
    [/\/api\/v2\/signingCert$/, fulcioService(lab, issuerKey)],
    [/\/api\/v1\/log\/entries(?:\/[0-9a-f]+)?$/, rekorV1],
    [/\/api\/v2\/log\/entries$/, rekorV2Service(lab)],
    [/\/api\/v1\/timestamp$/, tsaService(lab)],
    [/\/actions-token\?/, actionsService(lab, issuerKey, options.actions ?? { github: {} })],
  ];
  const answerTo = (request: ServiceRequest): ServiceAnswer => {
    requests.push(request);
    const scripted = options.answer?.(request, requests.length);
    if (scripted !== undefined) return scripted;
    const service = services.find(([path]) => path.test(request.path))?.[1];
    try {
      return service?.(request) ?? refusal(404, 'Not Found');
    } catch (error) {
      return refusal(400, String(error));
    }
  };
  const server = createServer((request, response) => void exchange(request, response, answerTo));
  const { address, close } = await listenOnLoopback(t, server);
  const url = `http://${address}`;
  return {
    url,
    tsaUrl: `${url}/api/v1/timestamp`,
    actionsEnvironment: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/actions-token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: ACTIONS_TOKEN,
    },
    requests,
    signingConfig: (config) => signingConfigJson(url, lab.now(), config),
    close,
  };
}

/** `GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=…`. */
function actionsService(lab: SigstoreLab, issuerKey: LabKeyPair, subject: TokenSubject): Service {
  return ({ path, headers }) => {
    if (headers['authorization']?.toString().toLowerCase() !== `bearer ${ACTIONS_TOKEN}`)
      return refusal(401, 'Unauthorized');
    const audience = new URL(path, 'http://lab').searchParams.get('audience') ?? 'https://github.com/acme';
    return jsonAnswer(200, { count: 1, value: issueToken(issuerKey, lab.now(), subject, { audience }) });
  };
}

async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  answerTo: (request: ServiceRequest) => ServiceAnswer,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const { method = '', url: path = '', headers } = request;
  const { status, body, headers: own } = answerTo({ method, path, headers, body: Buffer.concat(chunks) });
  response.writeHead(status, { ...own, 'content-length': Buffer.byteLength(body) }).end(body);
}
