/** Entry of the worker thread that extracts one layer; `run-layer.ts` starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemFileSystem } from '../files/file-system.ts';
import { extractLayer } from './extract-layer.ts';
import { type LayerAnswer, type LayerTask, packError } from './layer-messages.ts';

const port = parentPort;
if (port !== null) {
  const task = workerData as LayerTask;
  let available = task.available;
  let wake = (): void => {};
  port.on('message', (now: number) => {
    available = now;
    wake();
  });
  const growth = {
    get available() {
      return available;
    },
    more: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
  };
  let reported = 0;
  const report = (done: number): void => {
    if (done - reported < task.reportEvery && done !== task.job.layer.size) return;
    reported = done;
    port.postMessage({ type: 'progress', done } satisfies LayerAnswer);
  };
  extractLayer(task.job, growth, systemFileSystem, { limits: task.limits }, report).then(
    (listing) => port.postMessage({ type: 'done', listing } satisfies LayerAnswer),
    (error: unknown) => port.postMessage({ type: 'failed', error: packError(error) } satisfies LayerAnswer),
  );
}
