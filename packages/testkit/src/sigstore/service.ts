/** What a service of the lab was asked. */
export interface ServiceRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** What a service of the lab answers. */
export interface ServiceAnswer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A service behind one path. */
export type Service = (request: ServiceRequest) => ServiceAnswer;

/** An answer in JSON. */
export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ServiceAnswer {
  return { status, body: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers } };
}

/** A refusal, as the Go services word it. */
export function refusal(status: number, message: string): ServiceAnswer {
  return jsonAnswer(status, { code: status === 400 ? 3 : status, message });
}

/** The body of a request, read as JSON. */
export function jsonBody(request: ServiceRequest): Record<string, unknown> {
  return asRecord(JSON.parse(request.body.toString()));
}

/** A member of a JSON object that is an object itself; empty when it is not there. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
