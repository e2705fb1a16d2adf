import type { DemoFile } from './demo-file.ts';

const may: Record<DemoFile['users'][number]['permission'], string> = {
  admin: 'administers, trains, releases',
  release: 'trains, merges, releases and rolls back',
  write: 'trains, may not release',
  read: 'looks on',
};

/** What the terminal shows once people can sign in: where, who, and what to look at. */
export function greeting({ gitea, users, repository, state }: DemoFile): string {
  const rows = users.map(
    ({ name, password, permission }) => `    ${name.padEnd(8)}${password.padEnd(19)}${may[permission]}`,
  );
  const page = `${gitea.url}${repository}`;
  return `
  gitea-databricks runs at ${gitea.url}
  on ${gitea.name} and an emulated Databricks workspace

    user    password           may
${rows.join('\n')}

  Look at   ${page}?tab=databricks   runs, models, releases
            ${page}/pulls            ${state === 'ready' ? 'pull requests; one is open' : 'pull requests, as they come: each is really trained'}
  Try       sign in as wendy, approve and merge the open pull request; then roll back on the tab
  Other     releases of Gitea, ports, starting over: npm start -- --help

`;
}
