/** The oldest due delivery of a repository. */
export interface Waiting {
  repositoryId: number;
  id: string;
}

/**
 * Whose turn it is: repositories that nobody works for now, those first that were served longest ago (or never),
 * then by age. One repository never has more than one turn at a time, so that a flood of its deliveries holds up
 * itself only.
 *
 * @param waiting one per repository
 * @param busy repositories that are being served
 * @param served when each was served last, as a growing number
 * @param free how many turns can begin
 */
export function nextTurns(
  waiting: readonly Waiting[],
  busy: { has(repositoryId: number): boolean },
  served: { get(repositoryId: number): number | undefined },
  free: number,
): Waiting[] {
  const last = ({ repositoryId }: Waiting) => served.get(repositoryId) ?? -1;
  return waiting
    .filter(({ repositoryId }) => !busy.has(repositoryId))
    .sort((one, other) => last(one) - last(other) || (one.id < other.id ? -1 : 1))
    .slice(0, Math.max(0, free));
}
