import type { Static } from 'typebox';
import { Type } from 'typebox';

/** Which way a metric gets better. */
export const Direction = Type.Union([Type.Literal('lower'), Type.Literal('higher')]);
export type Direction = Static<typeof Direction>;

/** A gate as it is applied: the repository's rule, tightened by the binding's floors. */
export const Gate = Type.Object(
  {
    metric: Type.String(),
    direction: Direction,
    limit: Type.Union([Type.Number(), Type.Null()], { description: 'absolute bound' }),
    regression: Type.Union([Type.Number(), Type.Null()], {
      description: 'allowed worsening against the baseline, a fraction (0.02 = 2 %)',
    }),
  },
  { additionalProperties: false },
);
export type Gate = Static<typeof Gate>;

/** One row of a comparison: candidate against baseline, with the gate's judgement where there is a gate. */
export const MetricComparison = Type.Object(
  {
    metric: Type.String(),
    direction: Type.Union([Direction, Type.Null()], { description: 'null: nobody said which way is better' }),
    candidate: Type.Union([Type.Number(), Type.Null()], {
      description: 'null: the run did not log it, or NaN',
    }),
    baseline: Type.Union([Type.Number(), Type.Null()]),
    change: Type.Union([Type.Number(), Type.Null()], { description: 'candidate - baseline' }),
    relativeChange: Type.Union([Type.Number(), Type.Null()], {
      description: 'change / |baseline|, a fraction; null when the baseline is 0',
    }),
    trend: Type.Union([
      Type.Literal('better'),
      Type.Literal('worse'),
      Type.Literal('same'),
      Type.Literal('unknown'),
    ]),
    gate: Type.Union([
      Type.Object(
        {
          direction: Direction,
          limit: Type.Union([Type.Number(), Type.Null()]),
          regression: Type.Union([Type.Number(), Type.Null()]),
          bound: Type.Union([Type.Number(), Type.Null()], {
            description:
              'the value that must not be crossed: the stricter of limit and baseline ± regression',
          }),
          outcome: Type.Union([Type.Literal('pass'), Type.Literal('fail'), Type.Literal('no-baseline')]),
          reason: Type.String({ description: 'one sentence with metric, values and limit' }),
        },
        { additionalProperties: false },
      ),
      Type.Null(),
    ]),
  },
  { additionalProperties: false },
);
export type MetricComparison = Static<typeof MetricComparison>;

/** What a candidate is compared with. */
export const Baseline = Type.Object(
  {
    kind: Type.Union([Type.Literal('champion'), Type.Literal('ancestor'), Type.Literal('none')]),
    label: Type.String({ description: '"v12 in production", "commit 575d008634", "no baseline"' }),
    version: Type.Union([Type.Integer(), Type.Null()]),
    run: Type.Union([Type.String(), Type.Null()]),
    commit: Type.Union([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
);
export type Baseline = Static<typeof Baseline>;

/** The judgement on one run for one pull request (or for the branch it was pushed to). */
export const Verdict = Type.Object(
  {
    outcome: Type.Union([Type.Literal('pass'), Type.Literal('fail'), Type.Literal('no-baseline')]),
    title: Type.String({ description: '"1 of 3 gates fails"' }),
    summary: Type.String({ description: 'one sentence: the metric, both values, the limit' }),
    gatesTotal: Type.Integer(),
    gatesFailed: Type.Integer(),
    primary: Type.String(),
    baseline: Baseline,
    metrics: Type.Array(MetricComparison, {
      description: 'failing gates, the primary metric, other gates, the rest; each by name',
    }),
  },
  { additionalProperties: false },
);
export type Verdict = Static<typeof Verdict>;

/** `GET …/runs/{run}/history?metrics=a,b`: a metric over steps, thinned to at most 2,000 points each. */
export const MetricHistory = Type.Object(
  {
    series: Type.Array(
      Type.Object(
        {
          metric: Type.String(),
          steps: Type.Array(Type.Integer()),
          values: Type.Array(Type.Union([Type.Number(), Type.Null()])),
          thinned: Type.Boolean(),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type MetricHistory = Static<typeof MetricHistory>;
