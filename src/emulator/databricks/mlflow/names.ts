import { randomInt } from 'node:crypto';

const predicates =
  'able adaptable bold calm capable clean dapper eager fearless gentle glad honest kindly lively nimble polite rare sedate silent smiling stately traveling upbeat vaunted wise'.split(
    ' ',
  );
const nouns =
  'ant ape bass bear bee bird boar calf carp cod crab crane deer dove elk finch fox gnat goat hare hen koi lamb lark mole moth mule newt owl perch quail ram seal shad shrew skunk sloth snail squid stag swan toad trout wasp whale wolf wren'.split(
    ' ',
  );

/** A name for a run that was given none, `calm-lark-417`, as MLflow's server makes them. */
export function randomRunName(): string {
  const pick = (words: string[]) => words[randomInt(words.length)];
  return `${pick(predicates)}-${pick(nouns)}-${randomInt(1000)}`;
}
