import type { Environment } from '@gantry/oci';
import type { FileSystem } from '../files/file-system.ts';
import type { StoreLayout } from './store-layout.ts';

/** What the parts of one open store share. */
export interface StoreContext {
  readonly fileSystem: FileSystem;
  readonly clock: Pick<Environment, 'now' | 'monotonic' | 'sleep'>;
  readonly layout: StoreLayout;
  /** Creates what is missing before the first write; throws `STORE_READ_ONLY`, `STORE_FULL`, `STORE_IO`. */
  prepare(): void;
}
