/** One artifact of the recorded layout. */
export interface RecordedCase {
  readonly tag: string;
  /** Of the manifest or index. */
  readonly digest: string;
  /** The manifest for linux/amd64 when `digest` is an index. */
  readonly platform?: string;
  /** In the order in which they were made. */
  readonly signatures: readonly RecordedSignature[];
  /** What cosign said when it would not sign. */
  readonly refused?: string;
}

/** One call of cosign that left something. */
export interface RecordedSignature {
  readonly by: 'cosign2' | 'cosign3';
  /** What `attest` leaves is no signature of the artifact. */
  readonly verb: 'sign' | 'attest';
  /** Bundle as referrer, `.sig` tag, or simple signing as referrer. */
  readonly layout: 'bundle' | 'tag' | 'referrer';
  readonly log: 'rekor2' | 'rekor1' | 'none';
  /** Whether the timestamp authority stamped it. */
  readonly stamped: boolean;
  /** Digest of what was signed. */
  readonly signed: string;
  /** `-a k=v`, `--recursive`. */
  readonly flags: readonly string[];
  readonly signer: RecordedSigner;
  /** What the certificate's extensions say of the workflow. */
  readonly workflow?: RecordedWorkflow;
  /** Whether each cosign accepted it right after it was made, asked as its shape demands; absent for attestations. */
  readonly accepted?: Readonly<Record<'cosign2' | 'cosign3', boolean>>;
  /** False: only the host's clock told that the certificate was good, so nobody can accept it any more. */
  readonly lasting: boolean;
}

/** A file under the recorded directory, or what the certificate names. */
export type RecordedSigner = { readonly key: string } | { readonly identity: string; readonly issuer: string };

/** A run of a workflow. */
export interface RecordedWorkflow {
  /** `owner/name` */
  readonly repository: string;
  readonly ref: string;
  /** The reusable workflow that ran, when it was not the repository's own. */
  readonly called?: string;
}
