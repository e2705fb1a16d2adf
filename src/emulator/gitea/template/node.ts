/** The tree of a parsed template (Go's text/template/parse nodes, reduced to what execution needs). */
export interface Position {
  readonly line: number;
}

export type Operand = Position &
  (
    | { readonly type: 'literal'; readonly value: boolean | number | string }
    | { readonly type: 'nil' }
    | { readonly type: 'dot' }
    | { readonly type: 'field'; readonly names: readonly string[] }
    | { readonly type: 'variable'; readonly name: string; readonly names: readonly string[] }
    | { readonly type: 'function'; readonly name: string }
    | { readonly type: 'chain'; readonly base: Operand; readonly names: readonly string[] }
    | { readonly type: 'pipeline'; readonly pipeline: Pipeline }
  );

export interface Command extends Position {
  readonly operands: readonly Operand[];
}

export interface Pipeline extends Position {
  /** Names that the pipeline declares or, when `assign`, assigns. */
  readonly variables: readonly string[];
  readonly assign: boolean;
  readonly commands: readonly Command[];
}

export type Node = Position &
  (
    | { readonly type: 'text'; readonly text: string }
    | { readonly type: 'action'; readonly pipeline: Pipeline }
    | {
        readonly type: 'if' | 'with' | 'range';
        readonly pipeline: Pipeline;
        readonly body: readonly Node[];
        readonly otherwise: readonly Node[] | undefined;
      }
    | { readonly type: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined }
    | { readonly type: 'break' | 'continue' }
  );

/** Bodies by name: the template itself and everything that it defines. */
export type Definitions = ReadonlyMap<string, readonly Node[]>;
