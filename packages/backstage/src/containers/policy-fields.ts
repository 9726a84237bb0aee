import { escapeRemote, type JsonValue } from '@gantry/oci';
import { containersFault } from './containers-fault.ts';

type Fields = { readonly [key: string]: JsonValue };

/** Strict access to an object in policy.json: the value, or `CONFIG_CONTAINERS` with the file and the path in it. */
export class PolicyFields {
  readonly #fields: Fields;
  readonly file: string;
  readonly path: string;

  constructor(value: JsonValue | undefined, file: string, path = '') {
    this.file = file;
    this.path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.fault('is not an object');
    this.#fields = value as Fields;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#fields);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key);
  }

  /** Throws when there is a field that is not among these: what is not understood cannot be enforced (C2). */
  only(...known: readonly string[]): void {
    const unknown = this.keys.find((key) => !known.includes(key));
    if (unknown !== undefined) throw this.fault(`has an unknown field ${JSON.stringify(escapeRemote(unknown, 40))}`);
  }

  text(key: string): string {
    const value = this.#fields[key];
    if (typeof value !== 'string' || value === '') throw this.fault('is not a text', key);
    return value;
  }

  texts(key: string): readonly string[] {
    return this.#list(key).map((value, index) => {
      if (typeof value !== 'string' || value === '') throw this.fault('is not a text', key, index);
      return value;
    });
  }

  object(key: string): PolicyFields {
    return new PolicyFields(this.#fields[key], this.file, this.at(key));
  }

  objects(key: string): readonly PolicyFields[] {
    return this.#list(key).map((value, index) => new PolicyFields(value, this.file, this.at(key, index)));
  }

  /** The path of a field, or of one of the values in it. */
  at(key: string, index?: number): string {
    const step = /^[A-Za-z]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    return `${this.path === '' ? key : this.path + step}${index === undefined ? '' : `[${index}]`}`;
  }

  fault(problem: string, key?: string, index?: number): Error {
    const where = key === undefined ? this.path : this.at(key, index);
    return containersFault(this.file, `${where === '' ? 'the policy' : where} ${problem}`);
  }

  #list(key: string): readonly JsonValue[] {
    const value = this.#fields[key];
    if (!Array.isArray(value) || value.length === 0) throw this.fault('is not a list with something in it', key);
    return value;
  }
}
