import type { PageContext } from '../../page/context.ts';

/** Addresses in Gitea that the box leads to. */
export interface BoxLinks {
  /** The repository's Databricks tab. */
  tab: string;
  files: string;
  commit(sha: string): string;
  /** The comparison of runs on the tab, baseline first. */
  compare(...runs: string[]): string;
}

/** The addresses for a pull request's page. */
export function boxLinks(page: PageContext): BoxLinks {
  const { link } = page.repository;
  const tab = `${link}?tab=databricks`;
  return {
    tab,
    files: `${link}/pulls/${page.pull}/files`,
    commit: (sha) => `${link}/commit/${encodeURIComponent(sha)}`,
    compare: (...runs) => `${tab}#/compare/${runs.map(encodeURIComponent).join(',')}`,
  };
}
