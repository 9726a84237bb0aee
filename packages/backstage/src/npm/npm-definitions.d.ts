/** npm's own table of its settings. It comes without types; all of it is handed back to npm's library. */
declare module '@npmcli/config/lib/definitions/index.js' {
  import type Config from '@npmcli/config';

  const definitions: Pick<Config.Options<Config.DefinitionsObject>, 'definitions' | 'shorthands' | 'flatten'>;
  export default definitions;
}
