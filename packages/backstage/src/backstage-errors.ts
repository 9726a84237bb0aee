import { defineErrors, type ErrorTable } from '@gantry/oci';

/** Codes of this package. */
export type BackstageErrorCode =
  | 'CONFIG_DYNAMIC_PLUGINS'
  | 'CONFIG_PLUGIN_DUPLICATE'
  | 'CONFIG_PLUGIN_PATH'
  | 'CONFIG_PLUGIN_UNKNOWN'
  | 'CONFIG_PLUGIN_CONFLICT'
  | 'CONFIG_PLUGIN_INTEGRITY'
  | 'CONFIG_CONTAINERS'
  | 'REGISTRY_BLOCKED'
  | 'POLICY_UNENFORCED'
  | 'CONFIG_GIT_PACKAGE'
  | 'CONFIG_PACKAGE'
  | 'CONFIG_NPM'
  | 'CONFIG_MIRROR'
  | 'INSTALL_LOCKED'
  | 'INSTALL_LOCK_LOST'
  | 'INSTALL_DIRECTORY_TAKEN';

/** Makes the errors of `@gantry/backstage`. */
export const backstageError: ErrorTable<BackstageErrorCode> = defineErrors<BackstageErrorCode>('@gantry/backstage', {
  CONFIG_DYNAMIC_PLUGINS: {
    meaning: 'dynamic-plugins.yaml, a file it includes or an entry in one of them cannot be read as such.',
    hint: 'correct the file at the line that is named',
  },
  CONFIG_PLUGIN_DUPLICATE: {
    meaning: 'Two entries of one level name the same plugin, or two entries would be installed into one directory.',
    hint: 'keep one of them',
  },
  CONFIG_PLUGIN_PATH: {
    meaning: 'The directory of a plugin inside its image is missing, not allowed, not unique, or not known.',
    hint: 'write it behind the reference: oci://registry/image:tag!directory',
  },
  CONFIG_PLUGIN_UNKNOWN: {
    meaning: 'Nothing in the configuration or the root has the name that was asked for.',
    hint: '`gantry backstage list ROOT` lists what is installed',
  },
  CONFIG_PLUGIN_CONFLICT: {
    meaning: 'Two plugins configure the same key differently.',
    hint: 'set pluginConfig of one of them in dynamic-plugins.yaml',
  },
  CONFIG_PLUGIN_INTEGRITY: {
    meaning: 'The integrity of a package is missing or is none.',
    hint: 'write what `gantry backstage integrity PACKAGE` prints',
  },
  CONFIG_CONTAINERS: {
    meaning: 'registries.conf, a file beside it or policy.json cannot be read or asks for what is not possible.',
    hint: 'correct the file that is named',
  },
  REGISTRY_BLOCKED: {
    meaning: 'registries.conf forbids to pull from every place that has the image.',
    hint: 'use another registry, or change the blocked setting in the file that is named',
  },
  POLICY_UNENFORCED: {
    meaning: 'policy.json asks for something that cannot be enforced here, so the image is refused.',
    hint: 'provide what the message names, or change the policy',
  },
  CONFIG_GIT_PACKAGE: {
    meaning: 'A package comes from a git repository, which nothing vouches for and whose scripts would have to run.',
    hint: 'publish it as an OCI image, or pack it and name the tarball with its integrity',
  },
  CONFIG_PACKAGE: {
    meaning:
      'What is named as a package is none: npm does not know the notation, or its package.json is missing or unusable.',
    hint: 'write name@version, an https URL of a .tgz or ./directory; package.json needs a name and a version',
  },
  CONFIG_NPM: {
    meaning: 'The configuration of npm cannot be used.',
    hint: 'correct .npmrc or the npm_config_ variable that is named',
  },
  CONFIG_MIRROR: {
    meaning: 'A directory holds no mirror, other images than its mirror.json says, or two that would get one name.',
    hint: 'name a directory that `gantry backstage mirror --to-dir DIR` has filled',
  },
  INSTALL_LOCKED: {
    meaning: 'Another installer holds the directory of plugins for too long.',
    hint: 'see what it waits for; once it is gone the next run takes over by itself',
  },
  INSTALL_LOCK_LOST: {
    meaning: 'Another installer took over the directory of plugins, because this one showed no sign of life.',
    hint: 'run it again; what the other one installed stays',
  },
  INSTALL_DIRECTORY_TAKEN: {
    meaning: 'A file or a link that no installer made is where the directory of a plugin belongs.',
    hint: 'move it away; only directories are replaced',
  },
});
