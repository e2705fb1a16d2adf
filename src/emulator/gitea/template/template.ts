import { builtins } from './builtin.ts';
import { EscapingSink } from './escaping-sink.ts';
import type { ExecuteOptions } from './execute.ts';
import { execute } from './execute.ts';
import type { Definitions } from './node.ts';
import { parse } from './parser.ts';
import { TemplateError } from './template-error.ts';

/** Names that only the interpreter itself implements, since they do not evaluate all their arguments. */
const special = new Set(['and', 'or', 'call']);

/** A template that failed while running: what it wrote until then, and why. */
export class TemplateFailure extends Error {
  override readonly name = 'TemplateFailure';
  readonly output: string;

  constructor(output: string, cause: TemplateError) {
    super(cause.message, { cause });
    this.output = output;
  }
}

/** A parsed template of Go's html/template. */
export interface Template {
  /** The output for `data` as dot; throws {@link TemplateFailure}. Functions may differ between calls. */
  render(data: unknown, functions?: Readonly<Record<string, unknown>>): string;
}

/**
 * Parses a template. `functions` are callable by name (values are `GoFunction`s); unknown names are refused
 * here, as Go does. Throws {@link TemplateError} on bad syntax.
 */
export function parseTemplate(
  name: string,
  source: string,
  functions: Readonly<Record<string, unknown>> = {},
  options: ExecuteOptions = { fieldOfMissing: 'go' },
): Template {
  const known = (candidate: string) =>
    special.has(candidate) || Object.hasOwn(functions, candidate) || Object.hasOwn(builtins, candidate);
  const definitions: Definitions = parse(name, source, known);
  return {
    render(data, overrides = {}) {
      const sink = new EscapingSink();
      try {
        execute(definitions, name, data, { ...builtins, ...functions, ...overrides }, sink, options);
      } catch (error) {
        if (error instanceof TemplateError) throw new TemplateFailure(sink.output, error);
        throw error;
      }
      return sink.output;
    },
  };
}
