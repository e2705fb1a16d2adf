import type { Permission } from '../../contract/person.ts';
import type { Binding } from '../config/server-configuration.ts';

type Teams = NonNullable<Binding['teams']>;

/** Whether a binding asks for teams at all: only then Gitea is asked for them. */
export function asksForTeams({ teams }: Pick<Binding, 'teams'>): boolean {
  return (teams?.train ?? teams?.release) !== undefined;
}

/**
 * A right that the repository gives, where the binding asks for a team besides: teams narrow, they never give what
 * the repository refuses.
 *
 * @param groups of the user, as Gitea tells them: `org`, `org:team` (names of teams in lower case)
 * @param what the sentence begins with: "Training"
 */
export function besideTeams(
  permission: Permission,
  teams: Teams[keyof Teams],
  groups: readonly string[],
  what: string,
): Permission {
  if (!permission.allowed || teams === undefined) return permission;
  const own = new Set(groups.map((group) => group.toLowerCase()));
  if (teams.some((team) => own.has(team.toLowerCase()))) return permission;
  const named = teams.length === 1 ? `the team ${teams[0]}` : `one of the teams ${teams.join(', ')}`;
  return {
    allowed: false,
    code: 'team-missing',
    reason: `${what} needs membership of ${named} besides, which you do not have. An owner of the organisation can add you.`,
  };
}
