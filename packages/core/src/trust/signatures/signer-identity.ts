import { escapeRemote } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { asciiText, type Extension, plainText } from './certificate-extensions.ts';

/** Who a certificate says that the signer is. */
export interface SignerIdentity {
  readonly issuer: string;
  /** Subject alternative name. */
  readonly identity: string;
  readonly sourceRepository: string | undefined;
  readonly ref: string | undefined;
  readonly buildSigner: string | undefined;
  readonly buildConfig: string | undefined;
  readonly runnerEnvironment: string | undefined;
}

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const FULCIO = '1.3.6.1.4.1.57264.1';
const USERNAME = `${FULCIO}.7`;

/** Tags of GeneralName (RFC 5280, 4.2.1.6). */
const OTHER_NAME = 0;
const EMAIL = 1;
const URI = 6;
const UTF8_STRING = 12;

/**
 * Reads the identity from the extensions of a certificate (Fulcio, oid-info.md). The old extensions .1.2 to .1.6 are not
 * read: a repository there has no host, so that it could be one of another service. Throws `SIGNATURE_CERTIFICATE`.
 */
export function signerIdentity(extensions: ReadonlyMap<string, Extension>): SignerIdentity {
  const field = (number: number): string | undefined => {
    const extension = extensions.get(`${FULCIO}.${number}`);
    return extension && utf8String(extension, `extension ${FULCIO}.${number}`);
  };
  return {
    issuer: readIssuer(extensions, field(8)),
    identity: readName(extensions.get(SUBJECT_ALTERNATIVE_NAME)),
    buildSigner: field(9),
    runnerEnvironment: field(11),
    sourceRepository: field(12),
    ref: field(14),
    buildConfig: field(18),
  };
}

/** The issuer stands in two extensions: .1.8 as DER, .1.1 as bare text. Where both are there they say the same. */
function readIssuer(extensions: ReadonlyMap<string, Extension>, current: string | undefined): string {
  const extension = extensions.get(`${FULCIO}.1`);
  const old = extension && plainText(extension.bytes, 'the issuer');
  if (current !== undefined && old !== undefined && current !== old) {
    throw coreError(
      'SIGNATURE_CERTIFICATE',
      `the certificate names two issuers: ${escapeRemote(current)} and ${escapeRemote(old)}`,
    );
  }
  const issuer = current ?? old;
  if (issuer === undefined) throw coreError('SIGNATURE_CERTIFICATE', 'the certificate names no issuer of the identity');
  return issuer;
}

function readName(extension: Extension | undefined): string {
  const names = extension?.der().subs ?? [];
  const [name] = names;
  if (name === undefined || names.length !== 1) {
    throw coreError('SIGNATURE_CERTIFICATE', `expected one subject alternative name, found ${names.length}`);
  }
  if (name.tag.isContextSpecific(URI) || name.tag.isContextSpecific(EMAIL)) {
    return asciiText(name.value, 'the subject alternative name');
  }
  if (name.tag.isContextSpecific(OTHER_NAME) && name.subs[0]?.toOID() === USERNAME) {
    const [text, ...others] = name.subs[1]?.subs ?? [];
    if (text?.tag.isUniversal() && text.tag.number === UTF8_STRING && others.length === 0) {
      return plainText(text.value, 'the subject alternative name');
    }
  }
  throw coreError('SIGNATURE_CERTIFICATE', 'expected a URI, an e-mail address or a Fulcio user name as subject');
}

function utf8String(extension: Extension, what: string): string {
  const { tag, value } = extension.der();
  if (tag.isUniversal() && tag.number === UTF8_STRING) return plainText(value, what);
  throw coreError('SIGNATURE_CERTIFICATE', `${what} of the certificate is no UTF8String`);
}
