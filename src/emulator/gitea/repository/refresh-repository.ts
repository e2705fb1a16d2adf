import type { ForgeContext } from '../context.ts';
import type { RepositoryRow } from '../store/rows.ts';
import { mainLanguage } from './main-language.ts';

/** Takes over from the bare repository what the row remembers of it: emptiness, size and language. */
export async function refreshRepository(
  forge: ForgeContext,
  repository: RepositoryRow,
  options: { touch: boolean },
): Promise<RepositoryRow> {
  const [counted, language, isEmpty] = await Promise.all([
    forge.git.text(repository, ['count-objects', '-v']),
    mainLanguage(forge, repository),
    // The default branch cannot be deleted, so what has branches keeps one.
    repository.isEmpty && hasNoBranches(forge, repository),
  ]);
  const kib = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(counted)?.[1] ?? 0);
  return forge.store.repositories.update(repository.id, {
    size: kib('size') + kib('size-pack'),
    isEmpty,
    language,
    ...(options.touch ? { updated: forge.now() } : {}),
  });
}

async function hasNoBranches(forge: ForgeContext, repository: RepositoryRow): Promise<boolean> {
  return (await forge.git.text(repository, ['for-each-ref', '--count=1', 'refs/heads'])) === '';
}
