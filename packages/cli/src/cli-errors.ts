import { defineErrors, type ErrorTable } from '@gantry/oci';

/** Codes of this package. */
export type CliErrorCode = 'CONFIG_USAGE' | 'INSTALL_FILE_UNREADABLE';

/** Makes the errors of the command line. */
export const cliError: ErrorTable<CliErrorCode> = defineErrors<CliErrorCode>('gantry', {
  CONFIG_USAGE: { meaning: 'The command line cannot be understood.', hint: 'gantry --help lists the commands' },
  INSTALL_FILE_UNREADABLE: {
    meaning: 'A file or directory named on the command line cannot be read or written.',
    hint: 'check the path and its mode',
  },
});
