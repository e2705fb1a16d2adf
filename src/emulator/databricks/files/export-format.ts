import { invalid } from '../errors.ts';
import type { Language } from '../notebook/cell.ts';
import { writeJupyter } from '../notebook/jupyter-format.ts';
import { isJupyter, readNotebook } from '../notebook/notebook.ts';
import { sourceHeader, writeSource } from '../notebook/source-format.ts';
import { sourceExtensions } from './import-format.ts';

/**
 * A notebook as `workspace/export` gives it: SOURCE and JUPYTER are made of each other, AUTO keeps the format in
 * which it was imported. `type` is the extension without its dot (the API's `file_type`).
 * @throws ApiError 400 for another format.
 */
export function exportNotebook(
  content: string,
  language: Language,
  format: string,
): { content: string; type: string } {
  const stored = isJupyter(content) ? 'JUPYTER' : 'SOURCE';
  const wanted = format === 'AUTO' ? stored : format;
  if (wanted === 'JUPYTER')
    return {
      type: 'ipynb',
      content: stored === wanted ? content : writeJupyter(readNotebook(content, language), language),
    };
  if (wanted !== 'SOURCE')
    throw invalid(`A notebook is exported as SOURCE, JUPYTER or AUTO here, not as ${format}.`);
  const type = sourceExtensions[language].slice(1);
  if (stored === 'JUPYTER') return { type, content: writeSource(readNotebook(content, language), language) };
  const header = sourceHeader(language);
  return { type, content: content.startsWith(header) ? content : `${header}\n${content}` };
}
