import type { Static } from 'typebox';
import { Type } from 'typebox';

/** Somebody in Gitea, as the panel shows them. `id` is Gitea's immutable numeric id. */
export const Person = Type.Object(
  {
    id: Type.Integer(),
    name: Type.String({ description: 'Gitea user name' }),
    fullName: Type.String(),
    avatarUrl: Type.String(),
  },
  { additionalProperties: false },
);
export type Person = Static<typeof Person>;

/** Whether somebody may do something now and, if not, why and who can change that. */
export const Permission = Type.Union([
  Type.Object({ allowed: Type.Literal(true) }, { additionalProperties: false }),
  Type.Object(
    { allowed: Type.Literal(false), code: Type.String(), reason: Type.String() },
    { additionalProperties: false },
  ),
]);
export type Permission = Static<typeof Permission>;
