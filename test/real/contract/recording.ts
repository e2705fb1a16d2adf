import type { Artifact, Counterpart } from './counterparts.ts';
import { uploadArtifact } from './counterparts.ts';
import type { Answer, Json, Method } from './request.ts';
import { request } from './request.ts';

/** What one counterpart answered to a story, by the step's sentence, with its own ids replaced by their names. */
export type Recording = ReadonlyMap<string, Answer>;

export interface Narrator {
  /** Sends a request and records the answer under a sentence. */
  tell(step: string, method: Method, path: string, fields?: object | string): Promise<Answer>;
  /** Sends a request that only prepares something. @throws when it fails */
  prepare(method: Method, path: string, fields?: object): Promise<Json>;
  /** Stores an artifact of a run. */
  upload(artifact: Artifact): Promise<void>;
  /** The text (an id, which differs between counterparts) is recorded as `<name>` wherever it is a value. */
  call(text: string, name: string): string;
}

/** Fields whose values are the counterpart's own; only their JSON type is compared. */
const own = new Set([
  ...['artifact_location', 'artifact_uri', 'root_uri', 'source', 'storage_location'],
  ...['creation_time', 'last_update_time', 'creation_timestamp', 'last_updated_timestamp'],
  ...['user_id', 'message', 'next_page_token', 'stack_trace'],
]);

/** Tells a story to a counterpart and records what it says. */
export async function record(
  counterpart: Counterpart,
  story: (narrator: Narrator) => Promise<void>,
): Promise<Recording> {
  const answers = new Map<string, Answer>();
  const names = new Map<string, string>();
  await story({
    async tell(step, method, path, fields) {
      if (answers.has(step)) throw new Error(`two steps are called "${step}"`);
      const answer = await request(counterpart, method, path, fields);
      answers.set(step, answer);
      return answer;
    },
    async prepare(method, path, fields) {
      const { status, body } = await request(counterpart, method, path, fields);
      if (status !== 200)
        throw new Error(`${counterpart.name}: ${path} answered ${status} ${JSON.stringify(body)}`);
      return body;
    },
    upload: (artifact) => uploadArtifact(counterpart, artifact),
    call(text, name) {
      names.set(text, name);
      return text;
    },
  });
  const plain = ([step, { status, body }]: [string, Answer]) =>
    [step, { status, body: comparable(body, '', names) }] as const;
  return new Map([...answers].map(plain));
}

/** An answer without what is a counterpart's own; lists of things with a key become objects by it (they have no order). */
function comparable(value: Json, field: string, names: ReadonlyMap<string, string>): Json {
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, field, names));
    const keys = new Set(items.map((item) => item?.key));
    if (items.length === 0 || keys.size < items.length || keys.has(undefined)) return items;
    return Object.fromEntries(items.map(({ key, ...rest }) => [key, rest]));
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, comparable(inner, key, names)]),
    );
  if (own.has(field)) return typeof value;
  const name = typeof value === 'string' ? names.get(value) : undefined;
  return name === undefined ? value : `<${name}>`;
}

/** One place where two answers differ. */
export interface Difference {
  step: string;
  /** `status`, or a field of the body: `run.info.user_id`; items of a list by their place or key. */
  field: string;
  /** JSON, or `absent`. */
  emulator: string;
  server: string;
}

const isTree = (value: Json) => typeof value === 'object' && value !== null;
const shown = (value: Json) => (value === undefined ? 'absent' : JSON.stringify(value));

function* compare(step: string, field: string, left: Json, right: Json): Generator<Difference> {
  if (isTree(left) && isTree(right) && Array.isArray(left) === Array.isArray(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
      yield* compare(step, field === '' ? key : `${field}.${key}`, left[key], right[key]);
  } else if (shown(left) !== shown(right)) {
    yield { step, field, emulator: shown(left), server: shown(right) };
  }
}

/** `400 INVALID_PARAMETER_VALUE`; `200`. */
const outcome = ({ status, body }: Answer) =>
  status === 200 ? '200' : `${status} ${body?.error_code ?? 'without an error code'}`;

/**
 * Where two recordings of one story differ: in status and error code, else in fields, JSON types and values. Answers
 * of which only one is an error differ in everything: that is said as one difference.
 */
export function differencesBetween(emulator: Recording, server: Recording): Difference[] {
  return [...emulator].flatMap(([step, left]) => {
    const right = server.get(step);
    if (!right) throw new Error(`the mlflow server was not told "${step}"`);
    const [ours, theirs] = [outcome(left), outcome(right)];
    if (ours !== theirs) return [{ step, field: 'status', emulator: ours, server: theirs }];
    return [...compare(step, '', left.body, right.body)];
  });
}
