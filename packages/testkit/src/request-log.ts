import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** One request that a double got. `status` is 0 when it was never answered. */
export interface LoggedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
}

/** What a double was asked, in the order of arrival. */
export interface RequestLog {
  readonly requests: readonly LoggedRequest[];
  /** How many there were: of a method, of paths that contain a text or match a pattern. */
  count(method?: string, path?: string | RegExp): number;
  /** Forgets what was asked so far. */
  clear(): void;
}

/** A log and the function that fills it. */
export interface RequestRecorder extends RequestLog {
  record(request: IncomingMessage, response: ServerResponse): void;
}

/** Starts an empty log. */
export function recordRequests(): RequestRecorder {
  const requests: { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] }[] = [];
  return {
    requests,
    count: (method, path) =>
      requests.filter((entry) => (method ?? entry.method) === entry.method && matchesPath(entry.path, path)).length,
    clear: () => void requests.splice(0),
    record(request: IncomingMessage, response: ServerResponse): void {
      const [path = '', query = ''] = (request.url ?? '').split('?', 2);
      const entry = { method: request.method ?? '', path, query, headers: request.headers, status: 0 };
      requests.push(entry);
      response.once('close', () => {
        entry.status = response.headersSent ? response.statusCode : 0;
      });
      const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
      // The status is known to the client before 'close' is emitted here.
      response.writeHead = (...args: unknown[]): ServerResponse => {
        entry.status = Number(args[0]);
        return writeHead(...args);
      };
    },
  };
}

/** Whether a path contains a text or matches a pattern; every path matches `undefined`. */
export function matchesPath(path: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? path.includes(wanted) : wanted.test(path);
}
