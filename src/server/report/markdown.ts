/**
 * The one escaper of the report: whatever comes from a workspace, a commit or a configuration goes through here.
 * Nothing of it becomes HTML, an image, a link, a mention or a reference to an issue (hazard 22).
 */

/** Breaks what Gitea would make a mention, an issue reference or a link, without showing. */
const joiner = '\u2060';

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours and control characters are what is removed
const unprintable = /\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

const clean = (value: string) => value.replace(/\r\n?/g, '\n').replace(unprintable, '');

/** Text within a line. */
export function text(value: string): string {
  return clean(value)
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_{}[\]<>|~!#$&]/g, '\\$&')
    .replace(/@(?=\w)|(?<=\\[#!])(?=\d)/g, `$&${joiner}`)
    .replace(/(https?|ftp|www)(:\/\/|\.)/gi, `$1${joiner}$2`)
    .replace(/^(\s*)([-+]|\d+\.)(?=\s)/, '$1\\$2');
}

/** Text within HTML, where Markdown's escapes would show: the summary of a folded part. */
export function html(value: string): string {
  return clean(value)
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[@#!](?=\w)/g, `$&${joiner}`)
    .replace(/(https?|ftp|www)(:\/\/|\.)/gi, `$1${joiner}$2`)
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A code span; also safe within a table. */
export function code(value: string): string {
  const line = clean(value).replace(/\s+/g, ' ').trim().replaceAll('`', '\u02cb').replaceAll('|', '\\|');
  return line === '' ? '' : `\`${line}\``;
}

/** A fenced block that its content cannot leave. */
export function fenced(value: string, language = ''): string {
  const content = clean(value).trimEnd();
  const longest = Math.max(2, ...[...content.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${content}\n${fence}`;
}

/** A link to an address of ours. @param label escaped here */
export function link(label: string, url: string): string {
  return `[${text(label)}](<${url.replace(/[<>\s]/g, encodeURIComponent)}>)`;
}
