import type { RepositoryRow } from '../store/rows.ts';
import { html } from './html.ts';
import type { Page } from './layout.ts';
import { repositoryHeader, repositoryLink } from './repository-header.ts';
import type { Viewer } from './viewer.ts';

/** A repository without a commit: how to bring the first one. */
export function emptyRepositoryPage(viewer: Viewer, repository: RepositoryRow): Page {
  const url = new URL(`${repositoryLink(viewer, repository)}.git`, viewer.forge.settings.rootUrl).href;
  return {
    title: repository.name,
    classes: 'repository quickstart',
    repository,
    facts: { PageIsViewCode: true, IsEmptyRepo: true },
    body: html`${repositoryHeader(viewer, repository, 'code')}
<div class="ui container"><h4 class="ui top attached header">Quick Guide</h4><div class="ui attached guide segment empty-repo-guide">
<h3>Pushing an existing repository from the command line</h3>
<div class="markup"><pre><code>git remote add origin ${url}
git push -u origin ${repository.defaultBranch}</code></pre></div></div></div>`,
  };
}
