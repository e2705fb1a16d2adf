import type { Cell } from './cell.ts';

/** What running one cell means; `cell` counts from 1, as tracebacks name it. */
export type Step = { cell: number } & (
  | { kind: 'python'; code: string }
  | { kind: 'shell'; script: string }
  | { kind: 'run'; path: string; widgets: Record<string, string> }
  | { kind: 'refused'; message: string }
);

/** The steps of a Python notebook, and what its `%pip install` lines ask for (lines of a requirements file). */
export function planNotebook(cells: readonly Cell[]): { steps: Step[]; requirements: string[] } {
  const requirements: string[] = [];
  const steps = cells.flatMap(({ text }, index): Step[] => {
    const cell = index + 1;
    const [, magic, rest = ''] = /^%(\w[\w-]*)[ \t]*([\s\S]*)$/.exec(text) ?? [];
    if (magic === 'md' || magic === 'md-sandbox') return [];
    if (magic === 'sh' || magic === 'bash') return [{ cell, kind: 'shell', script: rest }];
    if (magic === 'run') return [{ cell, ...planRun(rest) }];
    if (magic && otherLanguages.includes(magic))
      return [{ cell, kind: 'refused', message: `This workspace runs Python only, no %${magic} cells.` }];
    const code = magic === 'python' ? rest : text;
    for (const line of code.split('\n')) {
      const args = /^\s*%pip\s+(.*)$/.exec(line)?.[1];
      if (args === undefined) continue;
      const asked = pipRequirements(args);
      if ('refusal' in asked) return [{ cell, kind: 'refused', message: asked.refusal }];
      requirements.push(...asked.requirements);
    }
    return [{ cell, kind: 'python', code }];
  });
  return { steps, requirements };
}

const otherLanguages = ['sql', 'scala', 'r', 'fs', 'html', 'javascript', 'conda', 'skip'];

/** `%run ./other $name="value"`: arguments become the other notebook's widgets. */
function planRun(
  rest: string,
): { kind: 'run'; path: string; widgets: Record<string, string> } | { kind: 'refused'; message: string } {
  const [, quoted, bare, args = ''] = /^(?:"([^"]+)"|(\S+))([\s\S]*)$/.exec(rest.trim()) ?? [];
  const path = quoted ?? bare;
  if (!path) return { kind: 'refused', message: '%run needs the path of a notebook.' };
  const given = [...args.matchAll(/\$(\w+)\s*=\s*(?:"([^"]*)"|(\S+))/g)];
  if (args.replace(/\$(\w+)\s*=\s*(?:"([^"]*)"|(\S+))/g, '').trim() !== '')
    return {
      kind: 'refused',
      message: '%run must be in a cell by itself, because it runs a whole notebook.',
    };
  return {
    kind: 'run',
    path,
    widgets: Object.fromEntries(given.map(([, name = '', text, word]) => [name, text ?? word ?? ''])),
  };
}

const harmless = ['-q', '--quiet', '-qq', '-U', '--upgrade', '--no-input', '--disable-pip-version-check'];

/** What `%pip <args>` installs; the environment is made with it before the notebook starts. */
function pipRequirements(args: string): { requirements: string[] } | { refusal: string } {
  const words = [...args.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
  if (words[0] !== 'install')
    return { refusal: `%pip ${words[0] ?? ''}: this workspace knows %pip install only.` };
  const requirements: string[] = [];
  const asked = words.slice(1).filter((word) => !harmless.includes(word));
  for (let word = asked.shift(); word !== undefined; word = asked.shift()) {
    if (word === '-r' || word === '--requirement') requirements.push(`-r ${asked.shift() ?? ''}`);
    else if (word.startsWith('-'))
      return { refusal: `%pip install ${word}: this workspace does not know this option.` };
    else requirements.push(word);
  }
  return { requirements };
}
