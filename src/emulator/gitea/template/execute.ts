/**
 * Runs a parsed template with the semantics of Go's text/template (src/text/template/exec.go). One class, since
 * every rule shares the variable scopes and the current line. What is written goes to a {@link Sink}, which
 * escapes by context.
 */
import { formatValue, typeName } from './format.ts';
import type { Command, Definitions, Node, Operand, Pipeline } from './node.ts';
import { TemplateError } from './template-error.ts';
import type { ParameterKind } from './value.ts';
import { GoFunction, GoStruct, isTrue, kindOf, mapEntries, mapGet } from './value.ts';

/** Where output goes: template text as it is, values to be escaped for where they stand. */
export interface Sink {
  text(text: string): void;
  value(value: unknown, escaper: 'html' | 'urlquery' | undefined): void;
}

export interface ExecuteOptions {
  /** What a field of a missing or nil value does: Go's default lets a missing map key pass, `error` refuses. */
  readonly fieldOfMissing: 'go' | 'error';
}

type Flow = 'break' | 'continue' | undefined;
const noFinal = Symbol('no final argument');
const maxDepth = 1000;

/** Executes the definition `name` with `data` as dot; throws {@link TemplateError}. */
export function execute(
  definitions: Definitions,
  name: string,
  data: unknown,
  functions: Readonly<Record<string, unknown>>,
  sink: Sink,
  options: ExecuteOptions,
): void {
  new Execution(definitions, functions, sink, options).run(name, data, 0);
}

class Execution {
  readonly #definitions: Definitions;
  readonly #functions: Readonly<Record<string, unknown>>;
  readonly #sink: Sink;
  readonly #options: ExecuteOptions;
  #variables: { name: string; value: unknown }[] = [];
  #template = '';
  #line = 1;
  #depth = 0;

  constructor(
    definitions: Definitions,
    functions: Readonly<Record<string, unknown>>,
    sink: Sink,
    options: ExecuteOptions,
  ) {
    this.#definitions = definitions;
    this.#functions = functions;
    this.#sink = sink;
    this.#options = options;
  }

  run(name: string, data: unknown, depth: number): void {
    const body = this.#definitions.get(name);
    if (body === undefined) this.#fail(`template "${name}" not defined`);
    if (depth > maxDepth) this.#fail(`exceeded maximum template depth (${maxDepth})`);
    const outer = { variables: this.#variables, template: this.#template, depth: this.#depth };
    this.#variables = [{ name: '$', value: data }];
    this.#template = name;
    this.#depth = depth;
    this.#list(body as readonly Node[], data);
    this.#variables = outer.variables;
    this.#template = outer.template;
    this.#depth = outer.depth;
  }

  #list(nodes: readonly Node[], dot: unknown): Flow {
    for (const node of nodes) {
      const flow = this.#node(node, dot);
      if (flow !== undefined) return flow;
    }
    return undefined;
  }

  #node(node: Node, dot: unknown): Flow {
    this.#line = node.line;
    switch (node.type) {
      case 'text':
        this.#sink.text(node.text);
        return undefined;
      case 'action': {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#print(value, node.pipeline);
        return undefined;
      }
      case 'if':
      case 'with': {
        const scope = this.#variables.length;
        const value = this.#pipeline(node.pipeline, dot);
        const inner = node.type === 'with' && isTrue(value) ? value : dot;
        const flow = this.#list(isTrue(value) ? node.body : (node.otherwise ?? []), inner);
        this.#variables.length = scope;
        return flow;
      }
      case 'range':
        this.#range(node, dot);
        return undefined;
      case 'template':
        this.run(
          node.name,
          node.pipeline === undefined ? undefined : this.#pipeline(node.pipeline, dot),
          this.#depth + 1,
        );
        return undefined;
      default:
        return node.type;
    }
  }

  #range(node: Extract<Node, { type: 'if' | 'with' | 'range' }>, dot: unknown): void {
    const scope = this.#variables.length;
    const value = this.#pipeline(node.pipeline, dot);
    const declared = node.pipeline.variables;
    const base = this.#variables.length;
    let count = 0;
    for (const [key, element] of this.#iterate(value)) {
      count++;
      if (node.pipeline.assign) {
        if (declared.length > 1) this.#assign(declared[0]!, key);
        if (declared.length > 0) this.#assign(declared.at(-1)!, element);
      } else {
        if (declared.length > 0) this.#variables[base - 1]!.value = element;
        if (declared.length > 1) this.#variables[base - 2]!.value = key;
      }
      const flow = this.#list(node.body, element);
      this.#variables.length = base;
      if (flow === 'break') break;
    }
    if (count === 0 && node.otherwise !== undefined) this.#list(node.otherwise, dot);
    this.#variables.length = scope;
  }

  #iterate(value: unknown): Iterable<readonly [unknown, unknown]> {
    switch (kindOf(value)) {
      case 'slice':
        return (value as unknown[]).entries();
      case 'map':
        return mapEntries(value);
      case 'int':
        return Array.from({ length: Math.max(0, Number(value)) }, (_entry, index) => [index, index] as const);
      case 'invalid':
      case 'nil':
        return [];
      default:
        return this.#fail(`range can't iterate over ${formatValue(value)}`);
    }
  }

  #print(value: unknown, pipeline: Pipeline): void {
    if (kindOf(value) === 'func') this.#fail(`can't print ${describePipeline(pipeline)} of type func`);
    const last = pipeline.commands.at(-1)?.operands[0];
    const escaper =
      last?.type === 'function' && (last.name === 'html' || last.name === 'urlquery') ? last.name : undefined;
    this.#sink.value(value, escaper);
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown = noFinal;
    for (const command of pipeline.commands) {
      this.#line = command.line;
      value = this.#command(command, dot, value);
    }
    for (const name of pipeline.variables) {
      if (pipeline.assign) this.#assign(name, value);
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #assign(name: string, value: unknown): void {
    const variable = this.#variables.findLast((entry) => entry.name === name);
    if (variable === undefined) this.#fail(`undefined variable: ${name}`);
    else variable.value = value;
  }

  #command(command: Command, dot: unknown, final: unknown): unknown {
    const [first, ...rest] = command.operands as [Operand, ...Operand[]];
    const given = rest.length > 0 || final !== noFinal;
    switch (first.type) {
      case 'function':
        return this.#call(first.name, this.#function(first.name), rest, dot, final);
      case 'field':
        return this.#path(dot, first.names, rest, dot, final);
      case 'chain':
        return this.#path(this.#operand(first.base, dot), first.names, rest, dot, final);
      case 'variable':
        if (first.names.length > 0) {
          return this.#path(this.#variable(first.name), first.names, rest, dot, final);
        }
        if (given) this.#fail(`can't give argument to non-function ${first.name}`);
        return this.#variable(first.name);
      case 'nil':
        return this.#fail('nil is not a command');
      default:
        if (given) this.#fail(`can't give argument to non-function ${first.type}`);
        return this.#operand(first, dot);
    }
  }

  #operand(operand: Operand, dot: unknown): unknown {
    this.#line = operand.line;
    switch (operand.type) {
      case 'literal':
        return operand.value;
      case 'nil':
        return null;
      case 'dot':
        return dot;
      case 'field':
        return this.#path(dot, operand.names, [], dot, noFinal);
      case 'variable':
        return this.#path(this.#variable(operand.name), operand.names, [], dot, noFinal);
      case 'function':
        return this.#call(operand.name, this.#function(operand.name), [], dot, noFinal);
      case 'chain':
        return this.#path(this.#operand(operand.base, dot), operand.names, [], dot, noFinal);
      case 'pipeline':
        return this.#pipeline(operand.pipeline, dot);
    }
  }

  #variable(name: string): unknown {
    return this.#variables.findLast((entry) => entry.name === name)?.value;
  }

  #function(name: string): unknown {
    return this.#functions[name];
  }

  /** Follows `.A.B`; only the last name may take arguments. */
  #path(
    base: unknown,
    names: readonly string[],
    args: readonly Operand[],
    dot: unknown,
    final: unknown,
  ): unknown {
    return names.reduce((receiver, name, index) => {
      const last = index === names.length - 1;
      return this.#field(receiver, name, last ? args : [], dot, last ? final : noFinal);
    }, base);
  }

  #field(receiver: unknown, name: string, args: readonly Operand[], dot: unknown, final: unknown): unknown {
    const kind = kindOf(receiver);
    const given = args.length > 0 || final !== noFinal;
    if (kind === 'invalid' && this.#options.fieldOfMissing === 'go') return undefined;
    if (kind === 'invalid' || kind === 'nil')
      return this.#fail(`nil pointer evaluating interface {}.${name}`);
    if (kind !== 'map' && kind !== 'struct') {
      return this.#fail(`can't evaluate field ${name} in type ${typeName(receiver)}`);
    }
    const member = mapGet(receiver, name);
    if (member instanceof GoFunction && receiver instanceof GoStruct) {
      return this.#call(name, member, args, dot, final);
    }
    if (receiver instanceof GoStruct && !receiver.open && !Object.hasOwn(receiver.members, name)) {
      return this.#fail(`can't evaluate field ${name} in type ${receiver.type}`);
    }
    if (given) {
      return this.#fail(
        kind === 'map'
          ? `${name} is not a method but has arguments`
          : `${name} has arguments but cannot be invoked as function`,
      );
    }
    return member;
  }

  #call(name: string, target: unknown, args: readonly Operand[], dot: unknown, final: unknown): unknown {
    if (name === 'and' || name === 'or') return this.#shortCircuit(name, args, dot, final);
    const values: unknown[] = args.map((operand) => this.#operand(operand, dot));
    if (final !== noFinal) values.push(final);
    if (name === 'call') {
      const called = values.shift();
      if (!(called instanceof GoFunction)) return this.#fail('error calling call: non-function');
      return this.#apply('call', called, values);
    }
    if (!(target instanceof GoFunction)) return this.#fail(`"${name}" is not a defined function`);
    return this.#apply(name, target, values);
  }

  #apply(name: string, target: GoFunction, values: readonly unknown[]): unknown {
    const fixed = target.variadic ? target.parameters.length - 1 : target.parameters.length;
    if (values.length < fixed || (!target.variadic && values.length > fixed)) {
      this.#fail(
        `wrong number of args for ${name}: want ${target.variadic ? 'at least ' : ''}${fixed} got ${values.length}`,
      );
    }
    values.forEach((value, index) => {
      this.#checkArgument(value, target.parameters[Math.min(index, target.parameters.length - 1)]!);
    });
    try {
      return target.call(...(values as never[]));
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      return this.#fail(`error calling ${name}: ${(error as Error).message}`, { cause: error });
    }
  }

  #checkArgument(value: unknown, parameter: ParameterKind): void {
    if (parameter === 'any') return;
    const kind = kindOf(value);
    if (kind === parameter || (parameter === 'string' && kind === 'html')) return;
    if (kind === 'invalid') this.#fail(`invalid value; expected ${parameter}`);
    this.#fail(`wrong type for value; expected ${parameter}; got ${typeName(value)}`);
  }

  #shortCircuit(name: 'and' | 'or', args: readonly Operand[], dot: unknown, final: unknown): unknown {
    if (args.length === 0 && final === noFinal) {
      this.#fail(`wrong number of args for ${name}: want at least 1 got 0`);
    }
    let value: unknown;
    for (const operand of args) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === noFinal ? value : final;
  }

  #fail(message: string, options?: ErrorOptions): never {
    throw new TemplateError(this.#template, this.#line, message, options);
  }
}

function describePipeline(pipeline: Pipeline): string {
  const first = pipeline.commands[0]?.operands[0];
  return first === undefined ? 'value' : first.type;
}
