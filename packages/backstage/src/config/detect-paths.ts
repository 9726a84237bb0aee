import { errorFamily, isGantryError, type Op } from '@gantry/oci';
import type { LogSink } from '../install/log-sink.ts';
import { configFault, shown } from './config-fault.ts';
import { OCI_SCHEME } from './package-key.ts';
import type { WrittenEntry } from './written-entry.ts';

/**
 * The directories of the plugins that an image (`host[:port]/path:tag` or `…@alg:hex`) says it holds; none when it says
 * nothing. It is asked about different images at the same time: bounding that is its own affair.
 */
export type PathDetector = (image: string, op?: Op) => Promise<readonly string[]>;

/** The directory that an entry without one means, or why it is not known. */
export type DetectedPath = { readonly path: string } | { readonly error: unknown };

/** What is known about an entry without a directory before anything is asked: the directory, or the image to ask. */
type Question = { readonly path: string } | { readonly image: string };

/**
 * Finds the directory of every entry for an image that names none and inherits none. Each distinct image is asked once; an
 * entry that is switched off is answered by the entries that override it, where there are any. What is wrong with one
 * image is the answer for its entries; other errors are thrown, and `CONFIG_PLUGIN_DUPLICATE` before anything is asked.
 */
export async function detectEntryPaths(
  entries: readonly WrittenEntry[],
  detect: PathDetector,
  log: LogSink,
  op?: Op,
): Promise<ReadonlyMap<WrittenEntry, DetectedPath>> {
  const questions = new Map<WrittenEntry, Question>();
  const taken = new Set<string>();
  for (const entry of entries) {
    const { oci, level, place } = entry;
    if (oci?.image === undefined || oci.path !== undefined) continue;
    const spot = `${level} ${oci.repository}`;
    if (taken.has(spot)) throw duplicateEntry(entry.package, place.file, entry);
    taken.add(spot);
    questions.set(entry, questionOf(entry, oci.image, entries));
  }
  const images = new Set([...questions.values()].flatMap((question) => ('image' in question ? [question.image] : [])));
  const answers = new Map<string, readonly string[] | { readonly error: unknown }>();
  await Promise.all(
    [...images].map(async (image) => {
      log.line(`\n======= No plugin path specified for ${shown(OCI_SCHEME + image)}, auto-detecting from OCI manifest`);
      answers.set(image, await ask(image, detect, op));
    }),
  );
  return new Map([...questions].map(([entry, question]) => [entry, answerOf(entry, question, answers)]));
}

/** The error about a second entry for a plugin on one level. */
export function duplicateEntry(text: string, file: string, { place }: WrittenEntry): Error {
  const message = `Duplicate plugin configuration for ${shown(text)} found in ${shown(file)}.`;
  return configFault('CONFIG_PLUGIN_DUPLICATE', message, place);
}

function questionOf(entry: WrittenEntry, image: string, entries: readonly WrittenEntry[]): Question {
  if (entry.enabled !== false) return { image };
  const above = entries.filter(({ oci, level }) => oci?.repository === entry.oci?.repository && level > entry.level);
  const named = above.find(({ oci }) => oci?.path !== undefined)?.oci?.path;
  if (named !== undefined) return { path: named };
  return { image: above.find(({ oci }) => oci?.image !== undefined)?.oci?.image ?? image };
}

async function ask(
  image: string,
  detect: PathDetector,
  op?: Op,
): Promise<readonly string[] | { readonly error: unknown }> {
  try {
    return await detect(image, op);
  } catch (error) {
    if (isAboutImage(error)) return { error };
    throw error;
  }
}

const ABOUT_IMAGE: readonly string[] = ['REFERENCE', 'REGISTRY', 'CONTENT', 'SIGNATURE', 'POLICY'];

function isAboutImage(error: unknown): boolean {
  return isGantryError(error) && (ABOUT_IMAGE.includes(errorFamily(error.code)) || error.code === 'CONFIG_PLUGIN_PATH');
}

function answerOf(
  entry: WrittenEntry,
  question: Question,
  answers: ReadonlyMap<string, readonly string[] | { readonly error: unknown }>,
): DetectedPath {
  if ('path' in question) return question;
  const answer = answers.get(question.image) ?? [];
  if ('error' in answer) return answer;
  const full = shown(OCI_SCHEME + question.image);
  const [path] = answer;
  if (path === undefined) {
    const message =
      `No plugins found in OCI image ${full}.The image might not contain the 'io.backstage.dynamic-packages' annotation.` +
      'Please ensure this was packaged correctly using the @red-hat-developer-hub/cli plugin package command.';
    return { error: configFault('CONFIG_PLUGIN_PATH', message, entry.place) };
  }
  if (answer.length > 1) {
    const list = answer.map((one) => `\n  - ${shown(one)}`).join('');
    const message = `Multiple plugins found in OCI image ${full}:${list}\nPlease specify which plugin to install using the syntax: ${full}!<plugin-name>`;
    return { error: configFault('CONFIG_PLUGIN_PATH', message, entry.place) };
  }
  return { path };
}
