import { createHash, randomInt } from 'node:crypto';

let chosen: number | undefined;

/** How a run is repeated. */
export const repeatBy = (seed: number): string => `Again with the same faults: FAULTS_SEED=${seed}`;

/** The seed of this run: `FAULTS_SEED`, else one drawn at random, which is printed. */
export function seedOfThisRun(print: (line: string) => void = (line) => console.log(line)): number {
  if (chosen === undefined) {
    const given = process.env.FAULTS_SEED;
    if (given !== undefined && !/^\d{1,15}$/.test(given)) throw new Error('FAULTS_SEED is no whole number.');
    chosen = given === undefined ? randomInt(2 ** 32) : Number(given);
    if (given === undefined) print(repeatBy(chosen));
  }
  return chosen;
}

/**
 * A number from 0 to 1 (excluded) for these words: it does not depend on what was drawn before, so that what happens
 * to a request is the same in every order in which requests come.
 */
export function drawn(seed: number, ...words: (string | number)[]): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...words]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** Numbers from 0 to 1 (excluded), one after the other. */
export function randomOf(seed: number, name: string): () => number {
  let count = 0;
  return () => drawn(seed, name, count++);
}

/** Puts the list in an order of its own (Fisher and Yates). */
export function shuffled<Item>(list: readonly Item[], random: () => number): Item[] {
  const result = [...list];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as Item, result[last] as Item];
  }
  return result;
}
