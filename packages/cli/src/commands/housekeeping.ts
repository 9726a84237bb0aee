import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { configFlags, connectionFlags, port, registryFlags, rootFlag, runs, verb } from './command-line.ts';

/** The verbs around plugins: the store, credentials, a registry of one's own, limits. */
export function addHousekeeping(program: Command, context: Context): void {
  addCache(program, context);
  addCredentials(program, context);

  const doctor = rootFlag(
    registryFlags(
      verb(program, {
        usage: 'doctor',
        summary: 'look for what is wrong here, and say what to do; changes nothing',
        examples: ['gantry doctor'],
      }),
    ),
  );
  runs(doctor, context, async () => (await import('../verbs/on-registries.ts')).doctor);

  const registry = program.command('registry').description('a registry of your own, for development and air gaps');
  const serve = verb(registry, {
    usage: 'serve [dir]',
    summary: 'serve a directory, or memory, as an OCI registry until it is interrupted',
    examples: [
      'gantry registry serve ./registry --port 5000',
      'gantry registry serve ./registry --port 5001 --read-only',
    ],
  })
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 for any free one', port, 5000)
    .option('--read-only', 'refuse every write');
  runs(serve, context, async () => (await import('../verbs/registry-serve.ts')).registryServe);

  const limits = configFlags(
    verb(program, { usage: 'limits', summary: 'list all limits and their values', examples: ['gantry limits --json'] }),
  );
  runs(limits, context, async () => (await import('../verbs/limits.ts')).limits);
}

function addCache(program: Command, context: Context): void {
  const cache = program.command('cache').description('the content store');
  const ls = configFlags(
    verb(cache, { usage: 'ls', summary: 'list what is stored', examples: ['gantry cache ls --json'] }),
  );
  runs(ls, context, async () => (await import('../verbs/on-this-machine.ts')).cacheList);
  const verify = configFlags(
    verb(cache, {
      usage: 'verify',
      summary: 'hash everything again and put damaged content aside',
      examples: ['gantry cache verify'],
    }),
  );
  runs(verify, context, async () => (await import('../verbs/on-this-machine.ts')).cacheVerify);
  const prune = configFlags(
    verb(cache, { usage: 'prune', summary: 'remove what nobody uses any more', examples: ['gantry cache prune'] }),
  );
  runs(prune, context, async () => (await import('../verbs/on-this-machine.ts')).cachePrune);
}

function addCredentials(program: Command, context: Context): void {
  const login = connectionFlags(
    verb(program, {
      usage: 'login <registry>',
      summary: 'check credentials for a registry and keep them where docker does',
      examples: ['printf %s "my password" | gantry login 127.0.0.1:5000 --username me --password-stdin'],
    }),
  )
    .option('-u, --username <name>', 'user name; asked for when absent')
    .option('--password-stdin', 'read the password from stdin');
  runs(login, context, async () => (await import('../verbs/on-registries.ts')).loginVerb);
  const logout = verb(program, {
    usage: 'logout <registry>',
    summary: 'forget the credentials for a registry',
    examples: ['gantry logout 127.0.0.1:5000'],
  });
  runs(logout, context, async () => (await import('../verbs/on-registries.ts')).logoutVerb);
}
