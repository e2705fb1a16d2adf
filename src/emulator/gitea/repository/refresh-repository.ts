import type { ForgeContext } from '../context.ts';
import type { RepositoryRow } from '../store/rows.ts';
import { mainLanguage } from './main-language.ts';

/** Takes over from the bare repository what the row remembers of it: emptiness, size and language. */
export async function refreshRepository(
  forge: ForgeContext,
  repository: RepositoryRow,
  options: { touch: boolean },
): Promise<RepositoryRow> {
  const counted = await forge.git.text(repository, ['count-objects', '-v']);
  const kib = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(counted)?.[1] ?? 0);
  const branches = await forge.git.text(repository, ['for-each-ref', '--count=1', 'refs/heads']);
  return forge.store.repositories.update(repository.id, {
    size: kib('size') + kib('size-pack'),
    isEmpty: branches === '',
    language: await mainLanguage(forge, repository),
    ...(options.touch ? { updated: forge.now() } : {}),
  });
}
