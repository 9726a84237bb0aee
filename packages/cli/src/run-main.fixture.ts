import { type RecordIoOptions, recordIo } from './io.fixture.ts';
import { main } from './main.ts';

/** How one call of the command line ended. */
export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Calls the command line in this process. */
export async function gantry(args: readonly string[], options: RecordIoOptions = {}): Promise<Called> {
  const io = recordIo(options);
  const code = await main(args, io);
  return { code, out: io.out(), err: io.err() };
}

/** Calls the command line with `--json` and gives the document of a success, or of a failure. */
export async function gantryJson<Document = Record<string, unknown>>(
  args: readonly string[],
  options: RecordIoOptions = {},
): Promise<Document> {
  const { code, out, err } = await gantry([...args, '--json'], options);
  return JSON.parse(code === 0 ? out : err) as Document;
}
