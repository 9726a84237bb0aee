/** Every signature that real cosign makes for the recorded fixtures: who signs what, and how. */
import type { Cosign, SignatureShape } from './cosign.ts';
import type { WorkflowRun } from './oidc-issuer.ts';

/** Kinds of private keys, by the name of their files. */
export const KEY_KINDS = ['p256', 'p384', 'p521', 'ed25519', 'rsa2048', 'rsa3072', 'rsa4096'] as const;

/** One of {@link KEY_KINDS}. */
export type KeyKind = (typeof KEY_KINDS)[number];

/** Who signs: a key of that kind, an e-mail address, a run of a workflow. */
export type CaseSigner =
  | { readonly key: KeyKind | 'other' }
  | { readonly email: string }
  | { readonly workflow: WorkflowRun };

/** One call of cosign. */
export interface SignatureCase {
  readonly cosign: Cosign;
  readonly signer: CaseSigner;
  readonly shape: SignatureShape;
  /** Default: the artifact itself. */
  readonly on?: 'platform';
  /** Further flags: `-a`, `--recursive`. */
  readonly flags?: readonly string[];
  /** `attest` makes no signature of the artifact: what it makes must not count as one. */
  readonly verb?: 'sign' | 'attest';
}

/** An artifact of its own, and everything that is signed about it, in that order. */
export interface SignedCase {
  readonly tag: string;
  /** An index for linux/amd64 and linux/arm64; default: one manifest. */
  readonly index?: boolean;
  readonly signatures: readonly SignatureCase[];
}

const BUNDLE: Readonly<Record<SignatureShape['log'], SignatureShape>> = {
  rekor2: { layout: 'bundle', log: 'rekor2', stamped: true },
  rekor1: { layout: 'bundle', log: 'rekor1', stamped: true },
  none: { layout: 'bundle', log: 'none', stamped: false },
};
const TAG: SignatureShape = { layout: 'tag', log: 'none', stamped: false };
const ALICE: CaseSigner = { email: 'alice@example.com' };
const P256: CaseSigner = { key: 'p256' };
const RELEASE: WorkflowRun = { repository: 'acme/app', ref: 'refs/tags/v1.2.3' };

/** The shapes that this cosign can make. */
export function shapesOf(cosign: Cosign, keyless: boolean): readonly SignatureShape[] {
  const bundles = [
    // cosign 2 sends Rekor v2 an entry of a type that it refuses.
    ...(cosign === 'cosign3' ? [BUNDLE.rekor2] : []),
    BUNDLE.rekor1,
    ...(keyless ? [] : [BUNDLE.none]),
  ];
  const tags = [
    { ...TAG, log: 'rekor1' },
    { ...TAG, log: 'rekor1', stamped: true },
    { ...TAG, stamped: true },
    TAG,
  ] as const;
  const referrers = [
    { layout: 'referrer', log: 'rekor1', stamped: false },
    { layout: 'referrer', log: 'none', stamped: false },
  ] as const;
  return [...bundles, ...tags, ...(cosign === 'cosign2' ? referrers : [])];
}

function plain(): SignedCase[] {
  return (['cosign3', 'cosign2'] as const).flatMap((cosign) =>
    [ALICE, P256].flatMap((signer) =>
      shapesOf(cosign, signer === ALICE).map((shape) => ({
        tag: [
          ...[cosign, signer === ALICE ? 'keyless' : 'key', shape.layout, shape.log],
          ...(shape.stamped && shape.layout !== 'bundle' ? ['tsa'] : []),
        ].join('-'),
        signatures: [{ cosign, signer, shape }],
      })),
    ),
  );
}

function keys(): SignedCase[] {
  return KEY_KINDS.filter((kind) => kind !== 'p256').flatMap((kind) =>
    (['cosign3', 'cosign2'] as const).flatMap((cosign) =>
      [BUNDLE.none, TAG].map((shape) => ({
        tag: `${cosign}-${kind}-${shape.layout}`,
        signatures: [{ cosign, signer: { key: kind }, shape }],
      })),
    ),
  );
}

function one(tag: string, ...signatures: readonly Partial<SignatureCase>[]): SignedCase {
  const rest = { cosign: 'cosign3', signer: P256, shape: BUNDLE.none } as const;
  return { tag, signatures: signatures.map((signature) => ({ ...rest, ...signature })) };
}

/** All of them. */
export const SIGNED_CASES: readonly SignedCase[] = [
  ...plain(),
  ...keys(),
  one('workflow', { signer: { workflow: RELEASE }, shape: BUNDLE.rekor2 }),
  one('workflow-tag', { signer: { workflow: RELEASE }, shape: { ...TAG, log: 'rekor1' } }),
  one('workflow-called', {
    signer: { workflow: { ...RELEASE, called: 'acme/shared/.github/workflows/build.yml@refs/heads/main' } },
    shape: BUNDLE.rekor2,
  }),
  one('claims-bundle', { flags: ['-a', 'env=production', '-a', 'team=release'] }),
  one('claims-tag', { cosign: 'cosign2', shape: TAG, flags: ['-a', 'env=production', '-a', 'team=release'] }),
  { ...one('index', { shape: BUNDLE.rekor2, signer: ALICE }), index: true },
  { ...one('index-tag', { shape: TAG, cosign: 'cosign2' }), index: true },
  { ...one('index-recursive', { flags: ['--recursive'] }), index: true },
  { ...one('index-recursive-tag', { shape: TAG, cosign: 'cosign2', flags: ['--recursive'] }), index: true },
  { ...one('platform', { on: 'platform' }), index: true },
  { ...one('platform-tag', { on: 'platform', shape: TAG, cosign: 'cosign2' }), index: true },
  one('two-keys-bundle', {}, { signer: { key: 'other' } }),
  one('two-keys-tag', { shape: TAG }, { shape: TAG, signer: { key: 'other' } }),
  one('both-layouts', {}, { shape: TAG, cosign: 'cosign2' }),
  one('other-key', { signer: { key: 'other' } }),
  one('attested', { verb: 'attest' }),
  one('attested-old', { verb: 'attest', cosign: 'cosign2', shape: TAG }),
  one('attested-and-signed', { verb: 'attest' }, {}),
  one('unsigned'),
];
