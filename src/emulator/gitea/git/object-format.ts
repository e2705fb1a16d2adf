import type { Commit, Signature } from './commits.ts';

/** One entry of a tree object. */
export interface TreeLine {
  /** As git prints it: six digits. */
  mode: string;
  type: 'blob' | 'tree' | 'commit';
  name: string;
  sha: string;
}

/** Reads a tree object (gitformat: `<mode> <name>\0<20 bytes>` one after the other). */
export function parseTree(content: Buffer): TreeLine[] {
  const lines: TreeLine[] = [];
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    const mode = content.toString('latin1', at, space).padStart(6, '0');
    const name = content.toString('utf8', space + 1, end);
    const sha = content.toString('hex', end + 1, end + 21);
    const type = mode === '040000' ? 'tree' : mode === '160000' ? 'commit' : 'blob';
    lines.push({ mode, type, name, sha });
    at = end + 21;
  }
  return lines;
}

/** Reads a commit object: header lines, an empty line, the message. */
export function parseCommit(sha: string, content: Buffer): Commit {
  const text = content.toString('utf8');
  const end = text.indexOf('\n\n');
  const head = text.slice(0, end).split('\n');
  const all = (name: string) =>
    head.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    sha,
    tree: all('tree')[0] ?? '',
    parents: all('parent'),
    author: signature(all('author')[0] ?? ''),
    committer: signature(all('committer')[0] ?? ''),
    message: text.slice(end + 2),
  };
}

/** `Walt Brandt <walt@example.com> 1767600000 +0100` */
function signature(line: string): Signature {
  const [, name = '', email = '', seconds = '0', sign = '+', hours = '00', minutes = '00'] =
    /^(.*?) ?<(.*?)> (\d+) ([+-])(\d\d)(\d\d)$/.exec(line) ?? [];
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const local = new Date((Number(seconds) + offset * 60) * 1000).toISOString().slice(0, 19);
  return { name, email, date: `${local}${offset === 0 ? 'Z' : `${sign}${hours}:${minutes}`}` };
}
