import { promises as dns, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { type Environment, systemEnvironment } from '@gantry/oci';
import type { FakeClock } from './fake-clock.ts';

/** Options of {@link fakeEnvironment}. */
export interface FakeEnvironmentOptions {
  /** Moves time; without it the clocks are real. */
  readonly clock?: FakeClock;
  /** Environment variables. Default: none, whatever the process has. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What {@link Environment.random} gives. Default 0.5. */
  readonly random?: number;
  /** Addresses by host name, or an error to fail with; several lists are given one after the other, the last stays. */
  readonly lookup?: Readonly<Record<string, HostAnswer | readonly HostAnswer[]>>;
  /** Sends a dialled `host:port` to another port of loopback, for registries under invented names. */
  readonly route?: Readonly<Record<string, string>>;
}

/** What a host name resolves to. */
export type HostAnswer = { readonly addresses: readonly string[] } | Error;

/** An {@link Environment} that remembers what was looked up and dialled. */
export interface FakeEnvironment extends Environment {
  /** Host names that were looked up, in order. */
  readonly lookups: readonly string[];
  /** `host:port` of every address that was dialled, in order. */
  readonly dialled: readonly string[];
}

/** An environment for tests: no name service, no variables, and no packet that leaves loopback. */
export function fakeEnvironment(options: FakeEnvironmentOptions = {}): FakeEnvironment {
  const system = systemEnvironment();
  const clock = options.clock ?? system;
  const lookups: string[] = [];
  const dialled: string[] = [];
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    random: () => options.random ?? 0.5,
    env: options.env ?? {},
    lookups,
    dialled,
    async lookup(host: string): Promise<LookupAddress[]> {
      const nth = lookups.filter((name) => name === host).length;
      lookups.push(host);
      const scripted = options.lookup?.[host];
      const answers = Array.isArray(scripted) ? (scripted as readonly HostAnswer[]) : [scripted as HostAnswer];
      const answer = answers[Math.min(nth, answers.length - 1)];
      if (answer instanceof Error) throw answer;
      if (answer !== undefined) return answer.addresses.map((address) => ({ address, family: isIP(address) }));
      if (host === 'localhost' || isIP(host) !== 0) return dns.lookup(host, { all: true });
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
    },
    connect(address) {
      const name = `${address.host}:${address.port}`;
      dialled.push(name);
      const [host = '', port = ''] = (options.route?.[name] ?? name).split(/:(?=\d+$)/);
      if (!isLoopback(host)) throw new Error(`a test must not dial ${name}`);
      return system.connect({ host, port: Number(port) });
    },
  };
}

function isLoopback(host: string): boolean {
  return host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
