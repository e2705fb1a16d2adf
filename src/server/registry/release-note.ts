import type { Person } from '../../contract/person.ts';

/** What a merge's release came to, in a sentence for its pull request. */
export function releaseNote(
  release: { state: string; toVersion: number; alias: string; actor: Person | null; error: string | null },
  rollback: { toVersion: number; actor: Person | null; reason: string | null } | null,
): string {
  const by = release.actor ? ` by ${release.actor.name}` : '';
  const version = `v${release.toVersion}`;
  if (rollback) {
    const why = rollback.reason ? `: ${rollback.reason}` : '';
    return `Released ${version} as ${release.alias}${by}; rolled back to v${rollback.toVersion}${rollback.actor ? ` by ${rollback.actor.name}` : ''}${why}`;
  }
  switch (release.state) {
    case 'succeeded':
      return `Released ${version} as ${release.alias}${by}.`;
    case 'running':
      return `Releasing ${version} as ${release.alias} …`;
    case 'partial':
      return `The release of ${version} is half done: ${release.error ?? ''} Finish or undo it in the Databricks tab.`;
    case 'undone':
      return `The release of ${version} was undone.`;
    default:
      return `${version} was not released: ${release.error ?? 'it failed'} Nothing changed.`;
  }
}
