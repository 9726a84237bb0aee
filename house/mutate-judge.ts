/**
 * Mutation check of the judge of signatures: changes one comparison, condition or check of its sources at a time (see
 * judge-mutants.ts) and runs its tests, in a copy, so that the working tree stays as it is. A mutant that no test notices
 * survives, is printed, and makes the exit code 1. Some minutes:
 *
 *   node house/mutate-judge.ts [FILE...]
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from 'node:test';
import { type Mutant, mutantsOf } from './judge-mutants.ts';
import { repository } from './packages.ts';

const JUDGE = 'packages/core/src/trust/signatures';
const RUN = '--run';
/** A mutant can loop for ever. What takes this many times as long as the tests without any change counts as noticed. */
const PATIENCE = 20;

/** Changes that change nothing: each says why. Matched by file and the text of the change. */
const EQUIVALENT: readonly (readonly [file: string, change: RegExp, why: string])[] = [
  ['signer-proof.ts', /^=== -> !==$|^hinted\.includes/, 'a hint only orders the keys, all of which are tried'],
  ['signature-content.ts', /^signature\.equals/, 'compareLogEntry has compared the signature before the library does'],
  ['signature-content.ts', /^provenKey\.equals/, 'the library is given the certificate or the finder of that very key'],
  ['policy-key-object.ts', /known/, 'a key that is parsed again is the same key'],
  ['signature-fields.ts', /^if \(!isGantryError/, 'the reader of JSON throws nothing else; the check is for the type'],
  ['signature-fields.ts', /^this\.has\(key\)/, 'the one optional text is a hint, which only orders the keys'],
  ['sigstore-library.ts', /^&& -> \|\|$/, 'an error without a code fits no row either way'],
  ['trust-material.ts', /known/, 'a trust root that is parsed again is the same trust root'],
];

interface Job {
  readonly file: string;
  /** Read once: somebody may edit the file meanwhile. */
  readonly original: string;
  readonly mutant: Mutant;
}

/** What the workers share. */
interface Work {
  readonly jobs: Job[];
  readonly tests: readonly string[];
  readonly deadline: number;
  readonly survivors: Job[];
}

const [first, ...others] = process.argv.slice(2);
if (first === RUN) runTests(others);
else process.exitCode = await mutate(first === undefined ? [] : [first, ...others]);

/** Runs test files in this process and leaves at the first failure: that is all there is to know. */
function runTests(files: readonly string[]): void {
  const stream = run({ files: [...files], isolation: 'none', concurrency: 1 });
  stream.on('test:fail', () => process.exit(1));
  stream.resume();
}

async function mutate(only: readonly string[]): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'mutate-judge-'));
  try {
    const copies = await Promise.all(
      Array.from({ length: availableParallelism() }, (_, index) => copyOf(join(scratch, String(index)))),
    );
    const files = (await readdir(copies[0] ?? '')).sort();
    const tests = files.filter((file) => file.endsWith('.test.ts'));
    const sources = files.filter((file) => !/\.(?:test|fixture)\.ts$/.test(file));
    const jobs: Job[] = [];
    for (const file of sources.filter((name) => only.length === 0 || only.includes(name))) {
      const original = await readFile(join(copies[0] ?? '', file), 'utf8');
      for (const mutant of mutantsOf(original)) if (!isEquivalent(file, mutant)) jobs.push({ file, original, mutant });
    }
    const start = performance.now();
    if (!(await passes(copies[0] ?? '', tests, ''))) throw new Error('the tests fail without any change');
    const deadline = PATIENCE * (performance.now() - start);
    const survivors: Job[] = [];
    const count = jobs.length;
    await Promise.all(copies.map((copy) => work(copy, { jobs, tests, deadline, survivors })));
    // Tests that fail for another reason meanwhile, an edit of a neighbour say, would make every mutant look noticed.
    if (!(await passes(copies[0] ?? '', tests, ''))) throw new Error('the tests fail at the end without any change');
    console.log(
      `${count} mutants, ${survivors.length} survived, ${EQUIVALENT.length} kinds of equivalent ones left out`,
    );
    return survivors.length === 0 ? 0 : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Sources of the package in a directory from which all other packages are found as in the repository. */
async function copyOf(directory: string): Promise<string> {
  const core = join(directory, 'packages/core');
  await cp(join(repository, 'packages/core/src'), join(core, 'src'), { recursive: true });
  await cp(join(repository, 'packages/core/package.json'), join(core, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'));
  return join(directory, JUDGE);
}

async function work(copy: string, { jobs, tests, deadline, survivors }: Work): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const path = join(copy, job.file);
    await writeFile(path, job.mutant.text);
    if (await passes(copy, tests, basename(job.file, '.ts'), deadline)) {
      survivors.push(job);
      console.log(`survived: ${JUDGE}/${job.file}:${job.mutant.line}: ${job.mutant.change}\n    ${job.mutant.code}`);
    }
    if (jobs.length % 50 === 0) process.stderr.write(`${jobs.length} to go, ${survivors.length} survived\n`);
    await writeFile(path, job.original);
  }
}

/** Whether all tests pass; those named like the changed file go first, since they are likely to notice. */
async function passes(copy: string, tests: readonly string[], changed: string, deadline?: number): Promise<boolean> {
  const ordered = [...tests].sort((a, b) => Number(b.startsWith(changed)) - Number(a.startsWith(changed)));
  const files = ordered.map((file) => join(copy, file));
  const child = spawn(process.execPath, ['--no-warnings', import.meta.filename, RUN, ...files], { stdio: 'ignore' });
  const timer = deadline === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), deadline);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearTimeout(timer);
  return code === 0;
}

function isEquivalent(file: string, { change }: Mutant): boolean {
  return EQUIVALENT.some(([name, pattern]) => name === file && pattern.test(change));
}
