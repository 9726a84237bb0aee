import { defineErrors, type ErrorTable } from '@gantry/oci';

/** Codes of this package. */
export type CliErrorCode = 'CONFIG_USAGE' | 'CONFIG_INPUT_UNREADABLE' | 'CONFIG_OUTPUT_UNWRITABLE';

/** Makes the errors of the command line. */
export const cliError: ErrorTable<CliErrorCode> = defineErrors<CliErrorCode>('gantry', {
  CONFIG_USAGE: { meaning: 'The command line cannot be understood.', hint: 'gantry --help lists the commands' },
  CONFIG_INPUT_UNREADABLE: {
    meaning: 'The file that holds the input of a plugin cannot be read.',
    hint: 'check the path and its mode',
  },
  CONFIG_OUTPUT_UNWRITABLE: {
    meaning: 'Standard output takes no more, so the result is not complete.',
    hint: 'check what standard output was sent to, and the free space there',
  },
});
