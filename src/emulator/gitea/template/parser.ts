/**
 * The parser of Go's text/template (src/text/template/parse/parse.go): recursive descent over the tokens. It is
 * one class because all rules share the token cursor and the scope of declared variables.
 */
import type { Token, TokenType } from './lexer.ts';
import { tokenize } from './lexer.ts';
import { parseNumber, unquote } from './literal.ts';
import type { Command, Definitions, Node, Operand, Pipeline } from './node.ts';
import { TemplateError } from './template-error.ts';

type ListEnd = 'end' | 'else' | 'eof';

/** Parses a template and what it defines. Unknown functions and variables are errors already here, as in Go. */
export function parse(name: string, source: string, isFunction: (name: string) => boolean): Definitions {
  return new Parser(name, tokenize(name, source), isFunction).parse();
}

class Parser {
  readonly #name: string;
  readonly #tokens: readonly Token[];
  readonly #isFunction: (name: string) => boolean;
  readonly #definitions = new Map<string, readonly Node[]>();
  #at = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;

  constructor(name: string, tokens: readonly Token[], isFunction: (name: string) => boolean) {
    this.#name = name;
    this.#tokens = tokens;
    this.#isFunction = isFunction;
  }

  parse(): Definitions {
    const [body, end] = this.#list(true);
    if (end !== 'eof') this.#fail(`unexpected {{${end}}}`);
    if (!this.#definitions.has(this.#name) || body.some((node) => !isBlank(node))) {
      this.#definitions.set(this.#name, body);
    }
    return this.#definitions;
  }

  #list(top: boolean): [Node[], ListEnd] {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next();
      if (token.type === 'eof') {
        if (!top) this.#fail('unexpected EOF');
        return [nodes, 'eof'];
      }
      if (token.type === 'text') {
        nodes.push({ type: 'text', text: token.text, line: token.line });
        continue;
      }
      const keyword = this.#skipSpace();
      if (keyword.type === 'keyword') {
        this.#at++;
        if (keyword.text === 'end' || keyword.text === 'else') {
          if (keyword.text === 'end') this.#expectRight('end');
          return [nodes, keyword.text];
        }
        if (keyword.text === 'define') {
          if (!top) this.#fail('unexpected {{define}}');
          this.#define(false);
        } else nodes.push(this.#control(keyword));
        continue;
      }
      nodes.push({ type: 'action', pipeline: this.#pipeline('right', 'command'), line: token.line });
    }
  }

  #control({ text, line }: Token): Node {
    switch (text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(text, line);
      case 'break':
      case 'continue':
        if (this.#rangeDepth === 0) this.#fail(`{{${text}}} outside {{range}}`);
        this.#expectRight(text);
        return { type: text, line };
      case 'template': {
        const name = this.#templateName('template clause');
        const pipeline =
          this.#skipSpace().type === 'right' ? undefined : this.#pipeline('right', 'template clause');
        if (pipeline === undefined) this.#expectRight('template clause');
        return { type: 'template', name, pipeline, line };
      }
      case 'block': {
        const name = this.#templateName('block clause');
        const pipeline = this.#pipeline('right', 'block clause');
        this.#define(true, name);
        return { type: 'template', name, pipeline, line };
      }
      default:
        return this.#fail(`unexpected {{${text}}}`);
    }
  }

  #branch(type: 'if' | 'with' | 'range', line: number): Node {
    const scope = this.#variables.length;
    const pipeline = this.#pipeline('right', type);
    if (type === 'range') this.#rangeDepth++;
    const [body, end] = this.#list(false);
    if (type === 'range') this.#rangeDepth--;
    let otherwise: Node[] | undefined;
    if (end === 'else') {
      const next = this.#skipSpace();
      if (next.type === 'keyword' && next.text === type && type !== 'range') {
        this.#at++;
        otherwise = [this.#branch(type, next.line)];
      } else {
        this.#expectRight('else');
        const [rest, restEnd] = this.#list(false);
        if (restEnd !== 'end') this.#fail(`expected end; found {{${restEnd}}}`);
        otherwise = rest;
      }
    }
    this.#variables.length = scope;
    return { type, pipeline, body, otherwise, line };
  }

  #define(block: boolean, blockName?: string): void {
    const name = blockName ?? this.#templateName('define clause');
    if (!block) this.#expectRight('define clause');
    const outer = this.#variables;
    const outerDepth = this.#rangeDepth;
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const [body, end] = this.#list(false);
    if (end !== 'end') this.#fail(`unexpected {{${end}}} in define clause`);
    this.#variables = outer;
    this.#rangeDepth = outerDepth;
    this.#definitions.set(name, body);
  }

  #templateName(context: string): string {
    const token = this.#skipSpace();
    this.#at++;
    const name = token.type === 'string' ? unquote(token.text) : undefined;
    return name ?? this.#fail(`unexpected ${describe(token)} in ${context}`);
  }

  #pipeline(end: TokenType, context: string): Pipeline {
    const line = this.#skipSpace().line;
    const { variables, assign } = this.#declaration(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#skipSpace();
      if (token.type === end) {
        this.#at++;
        if (commands.length === 0) this.#fail(`missing value for ${context}`);
        // Only declared now: `{{$x := $x}}` needs an outer $x.
        if (!assign) this.#variables.push(...variables);
        return { variables, assign, commands, line };
      }
      const command = this.#command(context);
      const first = command.operands[0];
      if (commands.length > 0 && first !== undefined && ['literal', 'nil', 'dot'].includes(first.type)) {
        this.#fail(`non executable command in pipeline stage ${commands.length + 1}`);
      }
      commands.push(command);
    }
  }

  #declaration(context: string): { variables: string[]; assign: boolean } {
    const start = this.#at;
    const variables: string[] = [];
    while (this.#skipSpace().type === 'variable') {
      const name = this.#next().text;
      const next = this.#skipSpace();
      if (next.type === 'declare' || next.type === 'assign') {
        this.#at++;
        variables.push(name);
        const assign = next.type === 'assign';
        if (assign) for (const variable of variables) this.#known(variable);
        return { variables, assign };
      }
      if (next.type !== 'comma' || context !== 'range' || variables.length > 0) break;
      variables.push(name);
      this.#at++;
    }
    this.#at = start;
    return { variables: [], assign: false };
  }

  #command(context: string): Command {
    const operands: Operand[] = [];
    const line = this.#skipSpace().line;
    for (;;) {
      this.#skipSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#peek();
      if (token.type === 'space') {
        this.#at++;
        if (['right', 'rparen', 'pipe'].includes(this.#peek().type)) continue;
        if (operand === undefined) this.#fail(`unexpected ${describe(this.#peek())} in ${context}`);
        continue;
      }
      if (token.type === 'pipe') {
        this.#at++;
        break;
      }
      if (token.type === 'right' || token.type === 'rparen') break;
      this.#fail(`unexpected ${describe(token)} in ${context === 'command' ? 'operand' : context}`);
    }
    if (operands.length === 0) this.#fail('empty command');
    return { operands, line };
  }

  #operand(): Operand | undefined {
    const base = this.#term();
    if (base === undefined || this.#peek().type !== 'field') return base;
    const names: string[] = [];
    while (this.#peek().type === 'field') names.push(this.#next().text.slice(1));
    if (base.type === 'field') return { ...base, names: [...base.names, ...names] };
    if (base.type === 'variable') return { ...base, names };
    if (base.type === 'literal' || base.type === 'nil' || base.type === 'dot') {
      return this.#fail(`unexpected . after term ${base.type}`);
    }
    return { type: 'chain', base, names, line: base.line };
  }

  #term(): Operand | undefined {
    const { type, text, line } = this.#peek();
    const literal = (value: boolean | number | string | undefined): Operand => {
      if (value === undefined) return this.#fail(`bad literal syntax: ${text}`);
      return { type: 'literal', value, line };
    };
    this.#at++;
    switch (type) {
      case 'identifier':
        if (!this.#isFunction(text)) this.#fail(`function "${text}" not defined`);
        return { type: 'function', name: text, line };
      case 'dot':
        return { type: 'dot', line };
      case 'nil':
        return { type: 'nil', line };
      case 'variable':
        this.#known(text);
        return { type: 'variable', name: text, names: [], line };
      case 'field':
        return { type: 'field', names: [text.slice(1)], line };
      case 'bool':
        return literal(text === 'true');
      case 'char':
        return literal(unquote(text)?.codePointAt(0));
      case 'number':
        return literal(parseNumber(text));
      case 'string':
        return literal(unquote(text));
      case 'lparen':
        return { type: 'pipeline', pipeline: this.#pipeline('rparen', 'parenthesized pipeline'), line };
      default:
        this.#at--;
        return undefined;
    }
  }

  #known(variable: string): void {
    if (!this.#variables.includes(variable)) this.#fail(`undefined variable "${variable}"`);
  }

  #expectRight(context: string): void {
    const token = this.#skipSpace();
    if (token.type !== 'right') this.#fail(`unexpected ${describe(token)} in ${context}`);
    this.#at++;
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]!;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #skipSpace(): Token {
    while (this.#peek().type === 'space') this.#at++;
    return this.#peek();
  }

  #fail(message: string): never {
    throw new TemplateError(this.#name, this.#peek().line, message);
  }
}

function isBlank(node: Node): boolean {
  return node.type === 'text' && node.text.trim() === '';
}

function describe(token: Token): string {
  return token.type === 'eof' ? 'EOF' : `<${token.text}>`;
}
