/**
 * Pages recorded from a real Gitea. They may not be part of this project: tests that use them run only where
 * the folder lies beside it. The panel's types know no Node, hence the import by a name that is put together.
 */
interface Files {
  existsSync(path: string): boolean;
  readFileSync(path: string, encoding: 'utf8'): string;
}

const files = (await import(/* @vite-ignore */ ['node', 'fs'].join(':'))) as Files;
const { process } = globalThis as unknown as { process: { cwd(): string } };
const folder = `${process.cwd()}/../shared/fixtures/gitea/pages/`;

export const hasRecordedPages = files.existsSync(folder);

/** The recorded page of that name, parsed. */
export function recordedPage(name: string): Document {
  const html = files.readFileSync(`${folder}${name}.html`, 'utf8');
  // Only the tree counts; happy-dom complains about every style sheet and script that it does not load.
  return new DOMParser().parseFromString(html.replace(/<(link|script)\b[^>]*>/g, ''), 'text/html');
}
