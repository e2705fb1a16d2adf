/**
 * Writes docs/permission-matrix.md from the table that the guards use (src/server/permission/matrix.ts):
 * `node build/permission-matrix.ts`. A test fails when the committed file is not what this writes.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Need, Outcome, Standing } from '../src/server/permission/matrix.ts';
import { commandActs, outcomeFor, routeActs, standings } from '../src/server/permission/matrix.ts';

const file = resolve(import.meta.dirname, '../docs/permission-matrix.md');

const signs: Record<Outcome, string> = { done: '✓', 'signed-out': '401', hidden: '404', refused: '403' };
/** A command has no status: what is refused is told by a reaction and in the report. */
const commandSigns: Record<Outcome, string> = { done: '✓', 'signed-out': '—', hidden: '—', refused: '—' };

const needWords: Record<Need, string> = {
  nothing: 'nothing',
  signature: 'Gitea’s signature',
  loopback: 'this machine',
  session: 'a session',
  'view-each': 'view, each repository',
  view: 'view',
  train: 'train',
  audit: 'audit',
  release: 'release',
  administer: 'administer',
};

const everybody: Standing[] = Object.values(standings);

function table(acts: readonly [string, { needs: Need; does: string }][], sign: typeof signs): string {
  const head = ['Act', 'What', 'Needs', ...everybody.map(({ title }) => title)];
  const rows = acts.map(([name, { needs, does }]) => {
    const cells = everybody.map((standing) => {
      const outcome = outcomeFor(standing, needs);
      return outcome === null ? '·' : sign[outcome];
    });
    return [`\`${name}\``, does, needWords[needs], ...cells];
  });
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, column) => (column < 3 ? '---' : ':-:'))), ...rows.map(line)].join(
    '\n',
  );
}

/** The page, as it is committed. */
export function permissionMatrix(): string {
  const people = everybody.map(({ title, means }) => `| ${title} | ${means} |`).join('\n');
  const commands = Object.entries(commandActs).map(([verb, act]): [string, typeof act] => [
    `/databricks ${verb}`,
    act,
  ]);
  return `# Permission matrix

Written from \`src/server/permission/matrix.ts\` by \`node build/permission-matrix.ts\`; do not edit. The guards of the
routes come from the same table, and \`test/server/permission/matrix.test.ts\` tries every cell with real requests.

What somebody may do is asked of Gitea on every request, with their own token; an answer serves for 5 seconds.
*view* is reading the code; *train* and *audit* are writing it; *release* is merging into the protected production
branch, or administering the repository where that branch is not protected; *administer* is administering the repository.

## Who

The repository is private where nothing else is said.

| Column | In Gitea |
| --- | --- |
${people}

## Routes

Relative to the public URL. ✓ the guard lets it pass; 401 not signed in; 403 refused with the permission that is
missing and who can grant it; 404 the same answer as for a repository that does not exist; · nothing about people.
Every change must also come from a page of Gitea or of the backend (Origin), and a page that shows another user than
the session's gets 409.

${table(Object.entries(routeActs), signs)}

## Slash commands

In comments of pull requests, see [slash-commands.md](slash-commands.md). What is refused (—) is told by a reaction and
in the report.
The author's permission is read with their own token where they are signed in to the panel, else with the bot's token
where the bot administers the repository; where neither can be asked nothing but \`help\` is allowed.

${table(
  commands.map(([name, act]): [string, { needs: Need; does: string }] => [name, act]),
  commandSigns,
)}
`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(file, permissionMatrix());
