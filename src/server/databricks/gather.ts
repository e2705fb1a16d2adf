import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../duty/clock.ts';

interface Group<Caller, Answer> {
  caller: Caller;
  asked: Map<string, { resolve: (answer: Answer) => void; reject: (error: unknown) => void }[]>;
}

export interface GatherOptions<Caller, Answer> {
  clock: Clock;
  /** How long the first one waits for others, milliseconds. */
  windowMs: number;
  /** Who can be answered together. */
  groupOf: (caller: Caller) => string;
  /** Answers all of a group: settles each id. What it leaves out, or throws, is everybody's failure. */
  answer: (
    caller: Caller,
    ids: readonly string[],
    settle: (id: string, answer: Promise<Answer>) => void,
  ) => Promise<void>;
}

/**
 * Questions of one moment, answered together: each caller asks for one id and gets its own answer. The work is done in
 * the context of the first one who asked.
 */
export function createGather<Caller, Answer>(
  options: GatherOptions<Caller, Answer>,
): (caller: Caller, id: string) => Promise<Answer> {
  const open = new Map<string, Group<Caller, Answer>>();

  async function close(key: string, { caller, asked }: Group<Caller, Answer>): Promise<void> {
    open.delete(key);
    const settle = (id: string, answer: Promise<Answer>) => {
      const waiting = asked.get(id) ?? [];
      asked.delete(id);
      answer.then(
        (value) => waiting.forEach(({ resolve }) => void resolve(value)),
        (error: unknown) => waiting.forEach(({ reject }) => void reject(error)),
      );
    };
    let failure: unknown = new Error('A question was left without an answer.');
    try {
      await options.answer(caller, [...asked.keys()], settle);
    } catch (error) {
      failure = error;
    }
    for (const waiting of asked.values()) for (const { reject } of waiting) reject(failure);
  }

  return async (caller, id) => {
    const key = options.groupOf(caller);
    let group = open.get(key);
    if (!group) {
      const made: Group<Caller, Answer> = { caller, asked: new Map() };
      open.set(key, made);
      const inContext = AsyncLocalStorage.snapshot();
      options.clock.after(options.windowMs, () => void inContext(() => close(key, made)));
      group = made;
    }
    const { asked } = group;
    return await new Promise<Answer>((resolve, reject) => {
      asked.set(id, [...(asked.get(id) ?? []), { resolve, reject }]);
    });
  };
}
