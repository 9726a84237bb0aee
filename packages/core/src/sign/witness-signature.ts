import type { Op, Transport } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { chooseLogs, chooseTimestampAuthorities, hasLog } from './choose-services.ts';
import type { MadeSignature, WitnessedSignature } from './made-signature.ts';
import { logSignature } from './rekor.ts';
import type { SignatureWriter } from './signature-writer.ts';
import type { SigningConfig, SigningService } from './signing-config.ts';
import { requestTimestamp } from './timestamp-authority.ts';

/** Services that say something about signatures. */
export interface Witnesses {
  readonly config: SigningConfig;
  readonly transport: Transport;
}

/** The services that one format asks. */
export interface ChosenWitnesses {
  readonly logs: readonly SigningService[];
  readonly timestampAuthorities: readonly SigningService[];
}

/**
 * Chooses what to ask for signatures of a format. A format whose layers hold entries of Rekor 1 alone goes without a log when
 * there is no such log, and a warning says so. Throws `CONFIG_SIGNING_SERVICE` when nothing is left to choose, and when
 * nothing would tell when a certificate was used.
 */
export function chooseWitnesses(
  { config, transport }: Witnesses,
  writer: SignatureWriter,
  keyless: boolean,
  op?: Op,
): ChosenWitnesses {
  const clock = transport.environment;
  const { logVersions, witnesses: most, format } = writer;
  const listed = config.logs.services.length > 0;
  const fits = logVersions.includes(2) || hasLog(config, clock, logVersions);
  if (listed && !fits) {
    const message = `signatures of format ${format} need Rekor 1, which ${config.name} does not offer: they are in no log`;
    op?.onEvent?.({ type: 'warning', from: config.name, message });
  }
  const logs = fits ? chooseLogs(config, clock, logVersions).slice(0, most) : [];
  const timestampAuthorities = chooseTimestampAuthorities(config, clock).slice(0, most);
  const timed = timestampAuthorities.length > 0 || logs.some(({ version }) => version === 1);
  if (keyless && !timed) {
    throw coreError(
      'CONFIG_SIGNING_SERVICE',
      `${config.name}: nothing in it tells when a certificate was used: expected Rekor 1 or a timestamp authority`,
      { details: { file: config.name, format } },
    );
  }
  return { logs, timestampAuthorities };
}

/** Gathers what the chosen services say. Each answer was compared with the signature. */
export async function witnessSignature(
  made: MadeSignature,
  { transport }: Pick<Witnesses, 'transport'>,
  { logs, timestampAuthorities }: ChosenWitnesses,
  op?: Op,
): Promise<WitnessedSignature> {
  const stamps = [];
  for (const { url } of timestampAuthorities) stamps.push(await requestTimestamp(transport, url, made.signature, op));
  const logEntries = [];
  for (const log of logs) logEntries.push(await logSignature(transport, log, made, op));
  const logged = logEntries.map(({ integratedTime }) => Number(integratedTime) * 1000).filter((time) => time > 0);
  const times = [...stamps.map(({ time }) => time), ...logged];
  return {
    ...made,
    logEntries,
    timestamps: stamps.map(({ response }) => response),
    ...(times.length === 0 ? {} : { time: Math.min(...times) }),
  };
}
