import { type Installed, installedAlready, isPluginName } from '@gantry/core';
import { loadPlugin, type RunResult } from '@gantry/runtime';
import type { AcquireFlags } from '../app/open-gantry.ts';
import { pluginInput } from '../app/plugin-input.ts';
import { openPlugins, type Plugins } from '../app/plugins.ts';
import { grantsOf } from '../app/settings.ts';
import { verdictAge } from '../app/verdict-age.ts';
import type { Context } from '../context.ts';

/** Flags of `gantry run`. */
export interface RunOptions extends AcquireFlags {
  readonly input?: string;
}

/** What is run, and what it is given. */
export interface RunTarget {
  /** A reference or path, or the name of an installed plugin. */
  readonly target: string;
  readonly functionName: string | undefined;
  /** What stood after `--`. */
  readonly pluginArguments: readonly string[];
}

/**
 * `gantry run <ref|name>`: stdout is what the plugin wrote, also when it failed. With `--json` the last line of stderr is
 * {name, digest, kind, exitCode?, signal?, durationMs, inputBytes, outputBytes}.
 */
export async function run(context: Context, what: RunTarget, options: RunOptions): Promise<void> {
  const plugins = await openPlugins(context, options);
  const { op } = plugins;
  const installed = await obtain(context, plugins, what.target, options);
  const { name, digest, kind, verdict } = installed.facts;
  if (verdict.stale) {
    context.output.note(`${name} runs on an old verdict: judged ${verdictAge(context.io, verdict)}`);
  }
  const input = await pluginInput(context.io, options.input, op);
  await using plugin = await loadPlugin(installed, grantsOf(plugins.settings, name), op);
  const result = await plugin.run(
    {
      input,
      args: what.pluginArguments,
      stdout: (chunk) => context.output.bytes(chunk),
      ...(what.functionName !== undefined && { name: what.functionName }),
    },
    op,
  );
  if (result.failure !== undefined) context.output.failure(result.failure);
  if (context.output.json) context.output.report({ name, digest, kind, ...ending(result) });
}

/** The installed plugin that is meant; one that is not here yet is installed first. */
async function obtain(context: Context, plugins: Plugins, target: string, options: RunOptions): Promise<Installed> {
  if (isPluginName(target)) return plugins.root.get(target, plugins.op);
  const { openGantryFor, requestFor } = await import('../app/open-gantry.ts');
  // Nobody named it, so a name that is taken must not keep it from running.
  const request = { ...requestFor(context, target, options), distinct: true };
  const there = await installedAlready(plugins.root, request, plugins.op);
  if (there !== undefined) return there;
  await using gantry = openGantryFor(context, plugins.settings, options, [target]);
  const installed = await gantry.install(request, plugins.op);
  context.output.detail(`installed as ${installed.facts.name}`);
  return installed;
}

function ending(result: RunResult): object {
  const { exitCode, signal, durationMs, inputBytes, outputBytes } = result;
  return { exitCode, signal, durationMs: Math.round(durationMs * 10) / 10, inputBytes, outputBytes };
}
