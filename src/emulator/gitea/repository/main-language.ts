import { extname } from 'node:path';
import type { ForgeContext } from '../context.ts';
import type { RepositoryRow } from '../store/rows.ts';

/** Programming languages by file name ending; data and markup do not count, as in Gitea's statistics. */
const languages: Record<string, string> = {
  '.py': 'Python',
  '.ipynb': 'Jupyter Notebook',
  '.ts': 'TypeScript',
  '.js': 'JavaScript',
  '.go': 'Go',
  '.rs': 'Rust',
  '.java': 'Java',
  '.scala': 'Scala',
  '.r': 'R',
  '.c': 'C',
  '.cpp': 'C++',
  '.sh': 'Shell',
  '.css': 'CSS',
};

/** Bytes per programming language on the default branch. */
export async function languageBytes(
  forge: ForgeContext,
  repository: RepositoryRow,
): Promise<Map<string, number>> {
  const bytes = new Map<string, number>();
  const head = await forge.git.ref(repository, `refs/heads/${repository.defaultBranch}`);
  if (head === undefined) return bytes;
  const listing = await forge.git.text(repository, ['ls-tree', '-r', '-l', '-z', head]);
  for (const entry of listing.split('\0')) {
    const match = /^\d+ blob [0-9a-f]+ +(\d+)\t(.*)$/s.exec(entry);
    const language = match && languages[extname(match[2]!).toLowerCase()];
    if (language) bytes.set(language, (bytes.get(language) ?? 0) + Number(match[1]));
  }
  return bytes;
}

/** The language with the most bytes; '' where there is none. */
export async function mainLanguage(forge: ForgeContext, repository: RepositoryRow): Promise<string> {
  const ranked = [...(await languageBytes(forge, repository))].sort((a, b) => b[1] - a[1]);
  return ranked[0]?.[0] ?? '';
}
