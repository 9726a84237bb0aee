import type { RequestEvent, RetryEvent, StageEvent } from '@gantry/oci';
import { formatBytes, formatDuration } from './quantity.ts';

/** `GET https://host/v2/… 200, 1.2 KiB received, 12 ms`. URLs in events have no query and no userinfo. */
export function requestLine(event: RequestEvent): string {
  const parts = [`${event.method} ${event.url} ${event.status ?? 'no answer'}`];
  if (event.bytesSent > 0) parts.push(`${formatBytes(event.bytesSent)} sent`);
  if (event.bytesReceived > 0) parts.push(`${formatBytes(event.bytesReceived)} received`);
  parts.push(formatDuration(event.durationMs));
  return parts.join(', ');
}

/** Which attempt failed, why, and how long until the next. */
export function retryLine(event: RetryEvent): string {
  return `attempt ${event.attempt} at ${event.url} failed, next in ${formatDuration(event.waitMs)}: ${event.reason}`;
}

/** `resolve host/repository sha256:… 12 ms`. */
export function stageLine(event: StageEvent): string {
  const digest = event.digest === undefined ? '' : ` ${event.digest}`;
  return `${event.stage} ${event.subject}${digest}, ${formatDuration(event.durationMs)}`;
}
