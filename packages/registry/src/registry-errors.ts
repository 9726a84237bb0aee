import { defineErrors, type ErrorTable } from '@gantry/oci';

/** Codes of this package: failures of the one who starts a registry. What clients are told is a `ProtocolError`. */
export type RegistryErrorCode = 'REGISTRY_LISTEN' | 'REGISTRY_STORAGE';

/** Makes the errors of `@gantry/registry`. */
export const registryError: ErrorTable<RegistryErrorCode> = defineErrors<RegistryErrorCode>('@gantry/registry', {
  REGISTRY_LISTEN: {
    meaning: 'The registry cannot listen on the address.',
    hint: 'choose another --port; 0 picks a free one',
  },
  REGISTRY_STORAGE: {
    meaning: 'The directory cannot be used to store a registry.',
    hint: 'name an empty or a new directory, or one that a registry wrote before',
  },
});
