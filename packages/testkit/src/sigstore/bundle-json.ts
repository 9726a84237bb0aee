/** A Sigstore bundle as it stands in JSON. Fields may be missing, so that a test can take any of them away. */
export interface BundleJson {
  mediaType?: string;
  verificationMaterial?: {
    certificate?: { rawBytes?: string };
    x509CertificateChain?: { certificates?: { rawBytes?: string }[] };
    publicKey?: { hint?: string };
    tlogEntries?: LogEntryJson[];
    timestampVerificationData?: { rfc3161Timestamps?: { signedTimestamp?: string }[] };
  };
  dsseEnvelope?: EnvelopeJson;
  messageSignature?: { messageDigest?: { algorithm?: string; digest?: string }; signature?: string };
}

/** A DSSE envelope as it stands in JSON. */
export interface EnvelopeJson {
  payload?: string;
  payloadType?: string;
  signatures?: { sig?: string; keyid?: string }[];
}

/** An entry of a transparency log as it stands in a bundle. Zeros and empty lists are left out, as Go does. */
export interface LogEntryJson {
  logIndex?: string;
  logId?: { keyId?: string };
  kindVersion?: { kind?: string; version?: string };
  integratedTime?: string;
  inclusionPromise?: { signedEntryTimestamp?: string };
  inclusionProof?: {
    logIndex?: string;
    rootHash?: string;
    treeSize?: string;
    hashes?: string[];
    checkpoint?: { envelope?: string };
  };
  canonicalizedBody?: string;
}
