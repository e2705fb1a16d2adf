import { invalid } from '../errors.ts';
import type { Language } from '../notebook/cell.ts';
import { NotebookFormatError } from '../notebook/cell.ts';
import { jupyterLanguage } from '../notebook/jupyter-format.ts';
import { sourceHeader } from '../notebook/source-format.ts';

/** How imported bytes become an object of the workspace. */
interface Imported {
  path: string;
  type: 'FILE' | 'NOTEBOOK';
  language: Language | undefined;
}

/** The extension of a notebook in source format, by language. */
export const sourceExtensions: Record<Language, string> = {
  PYTHON: '.py',
  SQL: '.sql',
  SCALA: '.scala',
  R: '.r',
};

/** Bytes that must be known to recognise a notebook. */
export const headerLength = 64;

/**
 * A source file that starts with the notebook header, and a Jupyter file, become notebooks and lose their extension,
 * as on Databricks; everything else is a file as it is.
 */
export function recognise(path: string, start: Buffer): Imported {
  const text = start.toString('utf8').replace(/^\uFEFF/, '');
  for (const [language, extension] of Object.entries(sourceExtensions) as [Language, string][])
    if (path.toLowerCase().endsWith(extension) && text.startsWith(sourceHeader(language)))
      return { path: path.slice(0, -extension.length), type: 'NOTEBOOK', language };
  if (path.toLowerCase().endsWith('.ipynb') && text.trimStart().startsWith('{'))
    return { path: path.slice(0, -'.ipynb'.length), type: 'NOTEBOOK', language: 'PYTHON' };
  return { path, type: 'FILE', language: undefined };
}

/** What an import makes of its content. @throws ApiError 400 for content or a language that does not fit. */
export function importTarget(
  path: string,
  format: string,
  language: string | undefined,
  bytes: Buffer,
): Imported {
  if (format === 'AUTO') return recognise(path, bytes.subarray(0, headerLength));
  if (format === 'RAW') return { path, type: 'FILE', language: undefined };
  if (format === 'SOURCE') {
    if (language === undefined || !Object.hasOwn(sourceExtensions, language))
      throw invalid(`language must be one of ${Object.keys(sourceExtensions).join(', ')}, not ${language}.`);
    return { path, type: 'NOTEBOOK', language: language as Language };
  }
  try {
    return { path, type: 'NOTEBOOK', language: jupyterLanguage(bytes.toString('utf8')) };
  } catch (error) {
    if (error instanceof NotebookFormatError) throw invalid(error.message);
    throw error;
  }
}
