import { findUser } from '../account/users.ts';
import type { RepositoryRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { commitCandidates, renderMarkdown } from './markdown.ts';
import { repositoryLink } from './repository-header.ts';
import type { Viewer } from './viewer.ts';

/** Renders Markdown of a repository; `fileLink` for files, absent for comments. */
export async function markdownOf(
  viewer: Viewer,
  repository: RepositoryRow,
  source: string,
  fileLink?: string,
): Promise<SafeHtml> {
  const commits = new Map<string, string>();
  for (const name of commitCandidates(source)) {
    const sha = await viewer.forge.git.commit(repository, name);
    if (sha?.startsWith(name)) commits.set(name, sha);
  }
  return renderMarkdown(source, {
    repositoryLink: repositoryLink(viewer, repository),
    fileLink,
    subUrl: viewer.subUrl,
    lineBreaks: fileLink === undefined,
    commits,
    isUser: (name) => findUser(viewer.forge, name) !== undefined,
  });
}
