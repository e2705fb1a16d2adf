import { expect, test } from 'vitest';
import { moments } from '../../../src/server/duty/moments.ts';
import { inMs, percentile } from '../figures.ts';
import { roundsOf, runCampaign } from '../rounds/campaign.ts';
import { seedOfThisRun } from '../seed.ts';

/** `FAULTS_ROUNDS=n`: so many kills at each moment. The long form is `npm run bench:recovery`. */
const perMoment = Number(process.env.FAULTS_ROUNDS ?? 2);

test(`kill -9 at each of ${moments.length} moments, ${perMoment} times: nothing is lost, doubled or wrong`, async () => {
  const tell = (line: string) => console.log(line);
  const rounds = await runCampaign({ seed: seedOfThisRun(), plan: roundsOf(moments, perMoment), tell });
  expect(rounds).toHaveLength(moments.length * perMoment);
  for (const { moment, findings } of rounds)
    expect(findings, `after ${moment}`).toEqual({ lost: [], doubled: [], wrong: [] });
  const done = rounds.map(({ doneMs }) => doneMs);
  console.log(
    `From the start of the next process until all is done: median ${inMs(percentile(done, 0.5))}, p95 ${inMs(percentile(done, 0.95))}, most ${inMs(Math.max(...done))}`,
  );
});
