import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Person } from './person.ts';

/** `GET session`: who is signed in to the backend (401 `signed-out` when nobody is). */
export const Session = Type.Object(
  { user: Person, expiresAt: Type.String({ format: 'date-time' }) },
  { additionalProperties: false },
);
export type Session = Static<typeof Session>;
