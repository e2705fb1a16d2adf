import type { Static } from 'typebox';
import { Type } from 'typebox';

/** A message to Gitea or Databricks that was given up on: it waits for an administrator. */
export const ParkedMessage = Type.Object(
  {
    id: Type.String(),
    topic: Type.Union(
      [
        Type.Literal('status'),
        Type.Literal('report'),
        Type.Literal('reaction'),
        Type.Literal('upload'),
        Type.Literal('submit'),
        Type.Literal('cancel'),
        Type.Literal('promote'),
      ],
      { description: 'commit status, comment, reaction to a command; snapshot, start, cancellation; merge' },
    ),
    commit: Type.Union([Type.String(), Type.Null()]),
    pull: Type.Union([Type.Integer(), Type.Null()]),
    run: Type.Union([
      Type.Object({ id: Type.String(), number: Type.Integer() }, { additionalProperties: false }),
      Type.Null(),
    ]),
    reason: Type.String({ description: 'the last refusal, in the words of whoever refused' }),
    attempts: Type.Integer(),
    createdAt: Type.String({ format: 'date-time' }),
    parkedAt: Type.String({ format: 'date-time' }),
  },
  { additionalProperties: false },
);
export type ParkedMessage = Static<typeof ParkedMessage>;

/** `GET …/outbox/parked` */
export const ParkedList = Type.Object(
  {
    items: Type.Array(ParkedMessage, { description: 'newest first, at most 50' }),
    total: Type.Integer({ description: 'how many there are' }),
  },
  { additionalProperties: false },
);
export type ParkedList = Static<typeof ParkedList>;
