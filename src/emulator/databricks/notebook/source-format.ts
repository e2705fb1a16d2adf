import type { Cell, Language } from './cell.ts';

const comments: Record<Language, string> = { PYTHON: '#', R: '#', SQL: '--', SCALA: '//' };

/** The first line of a notebook in source format. */
export const sourceHeader = (language: Language) => `${comments[language]} Databricks notebook source`;

/**
 * The cells of a notebook in Databricks' source format: cells are parted by `# COMMAND ----------`, lines that are
 * not of the notebook's language stand behind `# MAGIC`. Text without the header is a notebook all the same.
 */
export function readSource(content: string, language: Language): Cell[] {
  const comment = comments[language];
  const lines = content.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines[0]?.trimEnd() === sourceHeader(language)) lines.shift();
  const parts: string[][] = [[]];
  for (const line of lines) {
    if (line.trimEnd() === `${comment} COMMAND ----------`) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts.map((part) => readCell(part, comment)).filter(({ text }) => text !== '');
}

function readCell(lines: readonly string[], comment: string): Cell {
  const titled = `${comment} DBTITLE `;
  const magic = `${comment} MAGIC`;
  const title = lines.find((line) => line.startsWith(titled))?.slice(titled.length);
  const text = lines
    .filter((line) => !line.startsWith(titled))
    .map((line) =>
      line === magic || line.startsWith(`${magic} `) ? line.slice(magic.length).replace(/^ /, '') : line,
    )
    .join('\n')
    .replace(/^(\s*\n)+/, '')
    .trimEnd();
  // `# DBTITLE 1,The title`: the number says that it is shown.
  return title === undefined ? { text } : { text, title: title.replace(/^\d+,/, '') };
}

/** The source format of cells. */
export function writeSource(cells: readonly Cell[], language: Language): string {
  const comment = comments[language];
  const written = cells.map(({ text, title }) => {
    const lines = text.startsWith('%')
      ? text.split('\n').map((line) => `${comment} MAGIC ${line}`.trimEnd())
      : [text];
    return [...(title === undefined ? [] : [`${comment} DBTITLE 1,${title}`]), ...lines].join('\n');
  });
  return `${sourceHeader(language)}\n${written.join(`\n\n${comment} COMMAND ----------\n\n`)}\n`;
}
