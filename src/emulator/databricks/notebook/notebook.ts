import type { Cell, Language } from './cell.ts';
import { readJupyter } from './jupyter-format.ts';
import { readSource } from './source-format.ts';

/** Whether a notebook's bytes are Jupyter's JSON; else they are Databricks' source format. */
export const isJupyter = (content: string) =>
  content.trimStart().startsWith('{') && /"cells"\s*:/.test(content);

/** The cells of a notebook as it is stored. @throws NotebookFormatError */
export function readNotebook(content: string, language: Language): Cell[] {
  return isJupyter(content) ? readJupyter(content) : readSource(content, language);
}
