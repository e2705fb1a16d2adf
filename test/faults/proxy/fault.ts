/** What happens to a request on its way. `before`: the other side never has it. `after`: it has, and has answered. */
export type Fault =
  /** Later, and unchanged. */
  | { kind: 'delay'; milliseconds: number }
  /** After: the connection ends without an answer. */
  | { kind: 'lost-answer' }
  /** Before: answered 429. */
  | { kind: 'too-many'; retryAfterSeconds?: number }
  /** Before: answered with an error of the server. */
  | { kind: 'error'; status: number }
  /** Before: a page of HTML, as what stands in front of a server sends it. */
  | { kind: 'page'; status: number }
  /** After: half of the body, then the end of the connection. */
  | { kind: 'half-body' }
  /** TCP RST. */
  | { kind: 'reset'; when: 'before' | 'after' }
  /** Before: no answer, ever. */
  | { kind: 'stall' };

/** The same fault as one word, for counts. */
export function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case 'reset':
      return `reset-${fault.when}`;
    case 'too-many':
      return fault.retryAfterSeconds === undefined ? 'too-many' : 'too-many-retry-after';
    default:
      return fault.kind;
  }
}

/** A request as a plan sees it. */
export interface Passing {
  method: string;
  /** The path without its query. */
  path: string;
  /** Method and path with ids and names of commits left out, such as `POST /api/v1/repos/ml/wine/statuses/*`. */
  route: string;
  /** How many requests of this route came before, from 0. */
  nth: number;
}

/** Decides what happens to a request; null: nothing. */
export type FaultPlan = (request: Passing) => Fault | null;

/** What is an id in a path: digits, names of commits, and our own sortable ids. */
const id = /^(\d+|[0-9a-f]{7,64}|[0-9A-Za-z_-]{24,})$/;

export function routeOf(method: string, path: string): string {
  const parts = path.split('/').map((part) => (id.test(part) ? '*' : part));
  return `${method} ${parts.join('/')}`;
}
