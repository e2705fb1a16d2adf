import type { Static } from 'typebox';
import { Type } from 'typebox';

/** Whether Databricks answers; what is shown stays true `asOf` while it does not. */
export const Connection = Type.Object(
  {
    state: Type.Union([Type.Literal('ok'), Type.Literal('unreachable')]),
    since: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    asOf: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'when what is shown was read, where Databricks does not answer',
    }),
  },
  { additionalProperties: false },
);
export type Connection = Static<typeof Connection>;
