/** The page that says what was recorded. */
import type { RecordedCase, RecordedSignature } from '../packages/testkit/src/recorded/recorded-case.ts';

/** Markdown: one row for each signature. */
export function recordedPage(cases: readonly RecordedCase[]): string {
  const rows = cases.flatMap(({ tag, signatures, refused, platform }) => {
    const lines = signatures.map((signature) => row(tag, platform, signature));
    if (refused !== undefined) lines.push(`| ${tag} | | | | | would not sign: ${refused.replaceAll('|', '\\|')} |`);
    return lines.length > 0 ? lines : [`| ${tag} | | | | | no signature |`];
  });
  return [
    '# Signatures that real cosign made',
    '',
    'Written by `node conformance/record-signatures.ts`, which starts a private Sigstore of the real services (Fulcio, Rekor v1',
    'and v2, a timestamp authority), signs with cosign 2.6.2 and 3.1.3, and asks both whether they accept it. `layout/` is one',
    'OCI layout: each tag an artifact of its own, its bundles as referrers, its `.sig` and `.att` tags beside it.',
    '`trusted_root.json` and the PEM files are the trust material; `cases.json` is this table for programs.',
    '',
    'Certificates were good for ten minutes; log entries and timestamps keep telling that they were used within them. Rows',
    'without either cannot be accepted any more.',
    '',
    '| tag | made by | layout | log | signer | accepted by |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function row(tag: string, platform: string | undefined, signature: RecordedSignature): string {
  const { by, verb, layout, log, stamped, signer, flags, accepted, signed } = signature;
  const what = [by, verb, ...flags, ...(signed === platform ? ['(the platform)'] : [])].join(' ');
  const who = 'key' in signer ? signer.key : `${signer.identity} by ${signer.issuer}`;
  const takers = accepted === undefined ? 'counts as no signature' : takersOf(accepted);
  return `| ${tag} | ${what} | ${layout} | ${log}${stamped ? ', timestamp' : ''} | ${who} | ${takers} |`;
}

function takersOf(accepted: Readonly<Record<string, boolean>>): string {
  const names = Object.keys(accepted).filter((name) => accepted[name]);
  return names.length === 0 ? 'neither' : names.join(', ');
}
