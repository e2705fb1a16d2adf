import type { Static } from 'typebox';
import { Type } from 'typebox';

/**
 * `GET events?repositories=1,2` (server-sent): what changed, never its content. The page refetches.
 * The server-sent event's `id` may be given back as `Last-Event-ID`: what came since is told first, or the event
 * `missed` where that is not known (another backend answers, or it is too long ago): then look at everything.
 */
export const ChangeEvent = Type.Object(
  {
    repository: Type.Integer(),
    kind: Type.Union([
      Type.Literal('run'),
      Type.Literal('release'),
      Type.Literal('hold'),
      Type.Literal('configuration'),
      Type.Literal('connection'),
    ]),
    id: Type.String({ description: 'run or release id; empty for the others' }),
    pulls: Type.Array(Type.Integer()),
    version: Type.Integer({ description: 'counts up per subject: an older one can be ignored' }),
  },
  { additionalProperties: false },
);
export type ChangeEvent = Static<typeof ChangeEvent>;
