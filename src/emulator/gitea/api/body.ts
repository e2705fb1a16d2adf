import { Refusal } from '../refusal.ts';

/** Reads typed fields from a JSON body; a wrong type is answered as Gitea's decoder does, with 422. */
export class Body {
  readonly fields: Record<string, unknown>;

  constructor(parsed: unknown) {
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    if (parsed !== undefined && parsed !== null && !isObject) {
      throw new Refusal(422, 'json: cannot unmarshal: an object is expected');
    }
    this.fields = (parsed ?? {}) as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  text(name: string): string | undefined {
    return this.#read(name, 'string', (value): value is string => typeof value === 'string');
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw new Refusal(422, `[${name}]: Required`);
    return value;
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, 'bool', (value): value is boolean => typeof value === 'boolean');
  }

  number(name: string): number | undefined {
    return this.#read(name, 'int64', (value): value is number => Number.isSafeInteger(value));
  }

  texts(name: string): string[] | undefined {
    return this.#read(
      name,
      '[]string',
      (value): value is string[] => Array.isArray(value) && value.every((one) => typeof one === 'string'),
    );
  }

  map(name: string): Record<string, string> | undefined {
    return this.#read(
      name,
      'map[string]string',
      (value): value is Record<string, string> =>
        typeof value === 'object' && Object.values(value as object).every((one) => typeof one === 'string'),
    );
  }

  #read<T>(name: string, type: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.fields[name];
    if (value === undefined || value === null) return undefined;
    if (!is(value))
      throw new Refusal(422, `json: cannot unmarshal ${typeof value} into field ${name} of type ${type}`);
    return value;
  }
}
