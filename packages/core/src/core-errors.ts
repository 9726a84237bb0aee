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
  | 'CONFIG_VERSION';

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
    meaning: 'A file or directory that is to be published cannot be read.',
    hint: 'check the path and its mode',
  },
  CONFIG_VERSION: { meaning: 'A file has a schemaVersion that this Gantry does not know.', hint: 'update Gantry' },
});
