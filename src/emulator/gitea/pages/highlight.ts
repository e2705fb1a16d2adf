import hljs from 'highlight.js/lib/common';
import { SafeHtml } from '../template/value.ts';
import { escapeText } from './html.ts';

const byExtension: Readonly<Record<string, string>> = {
  py: 'python',
  md: 'markdown',
  yml: 'yaml',
  yaml: 'yaml',
  json: 'json',
  ts: 'typescript',
  tsx: 'typescript',
  js: 'javascript',
  mjs: 'javascript',
  sh: 'bash',
  sql: 'sql',
  html: 'xml',
  xml: 'xml',
  css: 'css',
  toml: 'ini',
  ini: 'ini',
  go: 'go',
  rs: 'rust',
  java: 'java',
  r: 'r',
};
const largest = 200_000;

/** The lines of some code, highlighted by the file's extension; plain where it is unknown or too long. */
export function highlight(path: string, code: string): SafeHtml[] {
  const language = byExtension[path.split('.').at(-1)?.toLowerCase() ?? ''];
  const lines = code.split('\n');
  if (language === undefined || code.length > largest)
    return lines.map((line) => new SafeHtml(escapeText(line)));
  return splitLines(hljs.highlight(code, { language, ignoreIllegals: true }).value);
}

/** Cuts highlighted code into lines; spans that cross a line end are closed and opened again. */
function splitLines(markup: string): SafeHtml[] {
  let open: string[] = [];
  return markup.split('\n').map((line) => {
    const before = open.join('');
    for (const tag of line.match(/<span[^>]*>|<\/span>/g) ?? []) {
      if (tag === '</span>') open = open.slice(0, -1);
      else open = [...open, tag];
    }
    return new SafeHtml(before + line + '</span>'.repeat(open.length));
  });
}
