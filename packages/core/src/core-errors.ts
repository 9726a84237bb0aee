import { defineErrors, type ErrorTable } from '@gantry/oci';

/** Codes of this package. */
export type CoreErrorCode =
  | 'STORE_UNSAFE'
  | 'STORE_READ_ONLY'
  | 'STORE_FULL'
  | 'STORE_IO'
  | 'STORE_VERSION'
  | 'CONTENT_INTEGRITY'
  | 'CONTENT_KIND_UNKNOWN'
  | 'ARCHIVE_INVALID'
  | 'ARCHIVE_UNSAFE_PATH'
  | 'ARCHIVE_UNSAFE_LINK'
  | 'ARCHIVE_UNSAFE_ENTRY'
  | 'ARCHIVE_COLLISION'
  | 'ARCHIVE_LIMIT'
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_MALFORMED'
  | 'SIGNATURE_VERSION'
  | 'SIGNATURE_INVALID'
  | 'SIGNATURE_SUBJECT'
  | 'SIGNATURE_CERTIFICATE'
  | 'SIGNATURE_LOG'
  | 'SIGNATURE_TIME'
  | 'SIGNATURE_LIMIT'
  | 'SIGNATURE_TRUST_ROOT'
  | 'SIGNATURE_SERVICE'
  | 'POLICY_IDENTITY'
  | 'POLICY_CLAIMS'
  | 'POLICY_SUBJECT'
  | 'POLICY_THRESHOLD'
  | 'POLICY_SIGNER_CHANGED'
  | 'POLICY_ROLLBACK'
  | 'POLICY_STALE'
  | 'POLICY_LOCK'
  | 'POLICY_UNPINNED'
  | 'POLICY_REFUSED'
  | 'POLICY_NOT_VERIFIED'
  | 'INSTALL_NAME_INVALID'
  | 'INSTALL_NAME_TAKEN'
  | 'INSTALL_NOT_FOUND'
  | 'INSTALL_DAMAGED'
  | 'INSTALL_IO'
  | 'INSTALL_FILE_EXISTS'
  | 'CONFIG_INVALID'
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_PATH_UNREADABLE'
  | 'CONFIG_KEY_INVALID'
  | 'CONFIG_KEY_EXISTS'
  | 'CONFIG_KEY_PASSWORD'
  | 'CONFIG_KEY_UNSUPPORTED'
  | 'CONFIG_IDENTITY_TOKEN'
  | 'CONFIG_SIGNING_SERVICE'
  | 'CONFIG_VERSION'
  | 'CONFIG_LOCK_INVALID'
  | 'CONFIG_LOCK_DRIFT'
  | 'CONFIG_LOCK_UNWRITABLE';

/** Makes the errors of `@gantry/core`. */
export const coreError: ErrorTable<CoreErrorCode> = defineErrors<CoreErrorCode>('@gantry/core', {
  STORE_UNSAFE: {
    meaning: 'The store, or a directory above it, can be written by somebody else.',
    hint: 'choose a directory that only you can write, or correct its owner and mode',
  },
  STORE_READ_ONLY: {
    meaning: 'Something new would have to be stored, but the store cannot be written.',
    hint: 'set GANTRY_HOME to a directory that can be written',
  },
  STORE_FULL: {
    meaning: 'The disk or the quota is full.',
    hint: 'free some space; gantry cache prune removes what is not in use',
  },
  STORE_IO: { meaning: 'The file system failed under the store.', hint: 'check the disk and run gantry cache verify' },
  STORE_VERSION: { meaning: 'A file was written by a newer Gantry.', hint: 'update Gantry' },
  CONTENT_INTEGRITY: {
    meaning: 'The bytes do not have the integrity that was given.',
    hint: 'the content was replaced or damaged, or the integrity belongs to another version',
  },
  CONTENT_KIND_UNKNOWN: {
    meaning: 'It cannot be told what kind of plugin this is.',
    hint: 'begin a script with #!; else name the kind, with --kind when it is pushed or kind: in gantry.yaml',
  },
  ARCHIVE_INVALID: {
    meaning: 'The archive is damaged or uses a part of the format that is not accepted.',
    hint: 'pack it again with a current tar',
  },
  ARCHIVE_UNSAFE_PATH: {
    meaning: 'A name in the archive leads out of it or is not portable.',
    hint: 'do not use this archive; tell its publisher',
  },
  ARCHIVE_UNSAFE_LINK: {
    meaning: 'A link in the archive is not allowed where it stands or leads.',
    hint: 'pack files instead of links',
  },
  ARCHIVE_UNSAFE_ENTRY: {
    meaning: 'The archive holds a device, a FIFO, a socket or another entry that is not a file.',
    hint: 'pack files and directories only',
  },
  ARCHIVE_COLLISION: {
    meaning: 'Two names in the archive are the same file on some file systems.',
    hint: 'rename one of them',
  },
  ARCHIVE_LIMIT: {
    meaning: 'The archive exceeds a limit: size, ratio, number, depth or name length.',
    hint: 'gantry limits lists the limits; raise one under limits in gantry.yaml if the archive is genuine',
  },
  SIGNATURE_MISSING: {
    meaning: 'A signature is required and there is none.',
    hint: 'sign it with gantry sign, or ask its publisher; gantry referrers REF lists what is there',
  },
  SIGNATURE_MALFORMED: {
    meaning: 'What is there as a signature cannot be read.',
    hint: 'sign it again; tell its publisher',
  },
  SIGNATURE_VERSION: {
    meaning: 'The signature has a version or media type that this Gantry does not know.',
    hint: 'update Gantry, or sign it again in a version that it knows',
  },
  SIGNATURE_INVALID: {
    meaning: 'The signature was not made over these bytes by any key that counts.',
    hint: 'compare the key with the one its publisher names; the content may have been replaced',
  },
  SIGNATURE_SUBJECT: {
    meaning: 'The signature is about something else.',
    hint: 'sign this very digest',
  },
  SIGNATURE_CERTIFICATE: {
    meaning: 'The certificate of the signature is not one that the trust root vouches for at the time of signing.',
    hint: 'gantry trust explain REF shows the trust root in force',
  },
  SIGNATURE_LOG: {
    meaning: 'The entry in the transparency log is missing, does not verify, or is about something else.',
    hint: 'sign it again with a log, or say log: none for this scope',
  },
  SIGNATURE_TIME: {
    meaning: 'A trusted time of signing is missing or does not verify.',
    hint: 'sign it again with a timestamp authority or a log',
  },
  SIGNATURE_LIMIT: {
    meaning: 'There are more signatures than are looked at, or one is larger than is read.',
    hint: 'gantry limits lists the limits; delete signatures that are no longer needed',
  },
  SIGNATURE_TRUST_ROOT: {
    meaning: 'The trust root is missing, damaged, or too old for a new verdict.',
    hint: 'gantry trust update renews it; without network name a file with trustRoot or --trusted-root',
  },
  SIGNATURE_SERVICE: {
    meaning: 'A service that takes part in signing answered with something that does not fit what it was asked.',
    hint: 'nothing was published; check the URLs of the signing configuration, then sign again',
  },
  POLICY_IDENTITY: {
    meaning: 'The signature is good, and its signer is not one that the policy accepts.',
    hint: 'compare the identity and issuer with those of the trust entry',
  },
  POLICY_CLAIMS: {
    meaning: 'The signature is good, and lacks a claim that is required.',
    hint: 'sign it with -a KEY=VALUE, or change the claims of the trust entry',
  },
  POLICY_SUBJECT: {
    meaning: 'The signature is good, and covers the index or the platform alone where the policy wants the other.',
    hint: 'sign the other too (gantry sign --recursive signs both), or change subject in the trust entry',
  },
  POLICY_THRESHOLD: {
    meaning: 'Fewer different signers have signed than the policy requires.',
    hint: 'have the other signers sign it',
  },
  POLICY_SIGNER_CHANGED: {
    meaning: 'The update is signed by somebody whom the policy does not accept.',
    hint: 'find out why the signer changed; when it is right, change the trust entry',
  },
  POLICY_ROLLBACK: {
    meaning:
      'It was signed earlier than what was accepted before from the same signer, or does not show when any more.',
    hint: 'name the digest to go back on purpose',
  },
  POLICY_STALE: {
    meaning: 'The verdict is older than the policy allows without asking again.',
    hint: 'install it again with the registry in reach',
  },
  POLICY_LOCK: {
    meaning: 'The signer or the evidence found today is not what gantry.lock holds.',
    hint: 'find out what changed; when it is right, gantry update NAME locks it anew',
  },
  POLICY_UNPINNED: {
    meaning: 'The policy wants a digest and the reference has only a tag.',
    hint: 'add @sha256:… to the reference, or accept it unsigned with --allow-unsigned',
  },
  POLICY_REFUSED: {
    meaning: 'The evidence is good but the policy does not accept it.',
    hint: 'gantry why NAME shows the policy',
  },
  POLICY_NOT_VERIFIED: {
    meaning: 'Something that no accepting verdict made was given where a verified plugin is needed.',
    hint: 'pass the object that verify returned, not a copy of it',
  },
  INSTALL_NAME_INVALID: {
    meaning: 'The name cannot be a plugin name.',
    hint: 'use letters, digits, dot, dash and underscore, at most 128',
  },
  INSTALL_NAME_TAKEN: {
    meaning: 'Another plugin has this name.',
    hint: 'install it under another with gantry install --name, or replace the other with --replace',
  },
  INSTALL_NOT_FOUND: { meaning: 'No plugin of this name is installed.', hint: 'gantry list shows what is installed' },
  INSTALL_DAMAGED: { meaning: 'An installed plugin is not what its receipt says.', hint: 'install it again' },
  INSTALL_IO: {
    meaning: 'The file system failed under the plugin root.',
    hint: 'check the disk, the owner and the mode of the plugin root',
  },
  INSTALL_FILE_EXISTS: {
    meaning: 'Something else is where a file of the artifact would be written.',
    hint: 'choose another directory with -o, or replace files with --force',
  },
  CONFIG_INVALID: { meaning: 'A configuration file is malformed.', hint: 'correct the line that the message names' },
  CONFIG_UNREADABLE: { meaning: 'A configuration file cannot be read.', hint: 'check the path and its mode' },
  CONFIG_PATH_UNREADABLE: {
    meaning: 'A file or directory that was named, to be published or as trust material, cannot be read.',
    hint: 'check the path and its mode',
  },
  CONFIG_KEY_INVALID: {
    meaning: 'What is given as a public key is not one, or is of a kind that signatures are not verified with.',
    hint: 'give one PEM block PUBLIC KEY: P-256, P-384, P-521, Ed25519, or RSA from 2048 bits; docs/keys.md has the table',
  },
  CONFIG_KEY_EXISTS: {
    meaning: 'The file of a key is there already and is not overwritten.',
    hint: 'choose another name with --output; --force replaces it, and what only the old key signs is lost',
  },
  CONFIG_KEY_PASSWORD: {
    meaning: 'The password does not open the private key.',
    hint: 'set COSIGN_PASSWORD to the password that the key was made with; it may be empty',
  },
  CONFIG_KEY_UNSUPPORTED: {
    meaning: 'The key is kept by a system that this Gantry does not talk to.',
    hint: 'name the file of a private key, or sign with cosign, whose signatures Gantry verifies',
  },
  CONFIG_IDENTITY_TOKEN: {
    meaning: 'Signing without a key needs an identity token, and there is none or it is not one.',
    hint: 'name a key with --key, or give --identity-token or SIGSTORE_ID_TOKEN; in GitHub Actions grant the job the permission id-token: write',
  },
  CONFIG_SIGNING_SERVICE: {
    meaning: 'The signing configuration names no service that can be used.',
    hint: 'name a signing_config.json of version 0.2 whose services are valid today with --signing-config',
  },
  CONFIG_VERSION: { meaning: 'A file has a schemaVersion that this Gantry does not know.', hint: 'update Gantry' },
  CONFIG_LOCK_INVALID: {
    meaning: 'The lock file is damaged, or is not a regular file.',
    hint: 'restore gantry.lock, or delete it and run gantry install',
  },
  CONFIG_LOCK_DRIFT: {
    meaning: 'The lock file is missing or does not fit gantry.yaml.',
    hint: 'run gantry install without --frozen and keep the gantry.lock that it writes',
  },
  CONFIG_LOCK_UNWRITABLE: {
    meaning: 'The lock file cannot be written.',
    hint: 'check the directory of gantry.yaml; gantry install --frozen writes no lock',
  },
});

/** Whether a code is one of this package's, so that an error with it can be made anew. */
export function isCoreErrorCode(code: string): code is CoreErrorCode {
  return Object.hasOwn(coreError.specs, code);
}
