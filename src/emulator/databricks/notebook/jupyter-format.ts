import { isObject } from '../body.ts';
import type { Cell, Language } from './cell.ts';
import { NotebookFormatError } from './cell.ts';

/** Cells of a Jupyter notebook (nbformat 4); markdown cells get the magic that says so, raw ones are dropped. */
export function readJupyter(content: string): Cell[] {
  const { cells } = parseJupyter(content);
  return cells.flatMap((cell) => {
    const text = sourceOf(cell.source).trimEnd();
    if (text.trim() === '') return [];
    if (cell.cell_type === 'markdown') return [{ text: `%md\n${text}` }];
    return cell.cell_type === 'code' ? [{ text: text.replace(/^%%(?=[a-z])/, '%') }] : [];
  });
}

/** The language that a Jupyter notebook says that it has; Python when it says nothing. */
export function jupyterLanguage(content: string): Language {
  const { metadata } = parseJupyter(content);
  const info = isObject(metadata.language_info) ? metadata.language_info : {};
  const kernel = isObject(metadata.kernelspec) ? metadata.kernelspec : {};
  const name = String(info.name ?? kernel.language ?? 'python').toUpperCase();
  return name === 'SQL' || name === 'SCALA' || name === 'R' ? name : 'PYTHON';
}

/** @throws NotebookFormatError for what is not nbformat 4. */
function parseJupyter(content: string) {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    throw new NotebookFormatError('The notebook is not valid JSON.');
  }
  if (!isObject(parsed) || !Array.isArray(parsed.cells) || !parsed.cells.every(isObject))
    throw new NotebookFormatError('The notebook has no list of cells; only nbformat 4 is understood.');
  return { cells: parsed.cells, metadata: isObject(parsed.metadata) ? parsed.metadata : {} };
}

/** nbformat keeps text as a string or as a list of lines with their ends. */
function sourceOf(source: unknown): string {
  if (typeof source === 'string') return source;
  return Array.isArray(source) ? source.filter((line) => typeof line === 'string').join('') : '';
}

/** A Jupyter notebook (nbformat 4.5 without outputs) of cells. */
export function writeJupyter(cells: readonly Cell[], language: Language): string {
  const lines = (text: string) => text.split(/(?<=\n)/);
  return JSON.stringify(
    {
      cells: cells.map(({ text }, index) => {
        const markdown = /^%md(?:-sandbox)?[ \n]?/.exec(text);
        return markdown
          ? {
              cell_type: 'markdown',
              id: `cell-${index + 1}`,
              metadata: {},
              source: lines(text.slice(markdown[0].length)),
            }
          : {
              cell_type: 'code',
              id: `cell-${index + 1}`,
              execution_count: null,
              metadata: {},
              outputs: [],
              source: lines(text),
            };
      }),
      metadata: { language_info: { name: language.toLowerCase() } },
      nbformat: 4,
      nbformat_minor: 5,
    },
    null,
    1,
  );
}
