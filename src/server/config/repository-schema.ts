import { Type } from 'typebox';

const closed = { additionalProperties: false };
const name = '^[A-Za-z_][A-Za-z0-9_-]{0,63}$';
const scalar = 'a number, true, false or a text';

const Parameter = Type.Object(
  {
    type: Type.Union(
      [Type.Literal('integer'), Type.Literal('number'), Type.Literal('boolean'), Type.Literal('string')],
      { description: 'one of integer, number, boolean, string' },
    ),
    default: Type.Union([Type.Number(), Type.Boolean(), Type.String({ maxLength: 1000 })], {
      description: `the value that is used when nobody sets another: ${scalar}`,
    }),
    min: Type.Optional(Type.Number({ description: 'a number' })),
    max: Type.Optional(Type.Number({ description: 'a number' })),
    choices: Type.Optional(
      Type.Array(
        Type.Union([Type.Number(), Type.String({ maxLength: 1000 })], { description: 'a number or a text' }),
        { minItems: 1, description: 'a list of at least one number or text' },
      ),
    ),
    description: Type.Optional(
      Type.String({ maxLength: 300, description: 'a text of at most 300 characters' }),
    ),
  },
  {
    ...closed,
    description: 'a group such as {type: integer, default: 6, min: 1, max: 20}',
  },
);

const GateRule = Type.Object(
  {
    direction: Type.Union([Type.Literal('lower'), Type.Literal('higher')], {
      description: '"lower" or "higher": which way the metric gets better',
    }),
    limit: Type.Optional(Type.Number({ description: 'a number: the value that must not be crossed' })),
    regression: Type.Optional(
      Type.Union([Type.Number(), Type.String()], {
        description: 'a percentage such as 2%: how much worse than production it may get',
      }),
    ),
  },
  { ...closed, description: 'a group such as {direction: lower, limit: 0.8, regression: 2%}' },
);

/** The shape of `.gitea/databricks.yml`. */
export const RepositoryFile = Type.Object(
  {
    version: Type.Literal(1, { description: '1' }),
    train: Type.Object(
      {
        entry: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 255,
            description: 'the path of a Python file in this repository',
          }),
        ),
        job: Type.Optional(
          Type.String({ minLength: 1, description: 'the name of a job that the binding names' }),
        ),
        dependencies: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 255,
            description: 'the path of a requirements file, such as requirements.txt',
          }),
        ),
        paths: Type.Optional(
          Type.Array(
            Type.String({ minLength: 1, maxLength: 255, description: 'a pattern such as "data/**"' }),
            {
              minItems: 1,
              maxItems: 100,
              description: 'a list of patterns such as ["*.py", "data/**"]',
            },
          ),
        ),
        timeout: Type.Optional(Type.String({ description: 'a time such as 90s, 30m or 2h' })),
        parameters: Type.Optional(
          Type.Record(Type.String({ pattern: name }), Parameter, {
            description:
              'a group of parameters by name (letters, digits, "_" and "-", beginning with a letter, at most 64)',
          }),
        ),
      },
      { ...closed, description: 'a group that says what to train, such as {entry: train.py}' },
    ),
    model: Type.Optional(
      Type.String({ minLength: 1, description: 'the name of a model that the binding names' }),
    ),
    metrics: Type.Object(
      {
        primary: Type.String({
          minLength: 1,
          maxLength: 250,
          description: 'the name of the metric that matters most',
        }),
        gates: Type.Optional(
          Type.Record(Type.String({ pattern: '^[^\\u0000-\\u001f]{1,250}$' }), GateRule, {
            description: 'a group of gates by the name of their metric',
          }),
        ),
      },
      {
        ...closed,
        description: 'a group such as {primary: rmse, gates: {rmse: {direction: lower, limit: 0.8}}}',
      },
    ),
    release: Type.Optional(
      Type.Object(
        {
          on_merge: Type.Optional(
            Type.Union([Type.Literal('promote'), Type.Literal('none')], {
              description: '"promote" or "none"',
            }),
          ),
        },
        { ...closed, description: 'a group such as {on_merge: promote}' },
      ),
    ),
  },
  {
    ...closed,
    description: 'a group with version, train and metrics (see docs/configuration.md)',
  },
);
