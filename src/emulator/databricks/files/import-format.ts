/** How imported bytes become an object of the workspace. */
export interface Imported {
  path: string;
  type: 'FILE' | 'NOTEBOOK';
  language: string | undefined;
}

const headers: [extension: string, language: string, header: string][] = [
  ['.py', 'PYTHON', '# Databricks notebook source'],
  ['.sql', 'SQL', '-- Databricks notebook source'],
  ['.scala', 'SCALA', '// Databricks notebook source'],
  ['.r', 'R', '# Databricks notebook source'],
];

/** Bytes that must be known to recognise a notebook. */
export const headerLength = 64;

/**
 * A source file that starts with the notebook header becomes a notebook and loses its extension, as on Databricks;
 * everything else is a file as it is.
 */
export function recognise(path: string, start: Buffer): Imported {
  const text = start.toString('utf8');
  for (const [extension, language, header] of headers)
    if (path.toLowerCase().endsWith(extension) && text.startsWith(header))
      return { path: path.slice(0, -extension.length), type: 'NOTEBOOK', language };
  if (path.toLowerCase().endsWith('.ipynb') && text.trimStart().startsWith('{'))
    return { path: path.slice(0, -'.ipynb'.length), type: 'NOTEBOOK', language: 'PYTHON' };
  return { path, type: 'FILE', language: undefined };
}
