/** A file of a unified diff. */
export interface PatchFile {
  readonly oldPath: string;
  readonly newPath: string;
  readonly kind: 'added' | 'deleted' | 'modified' | 'renamed';
  readonly isBinary: boolean;
  readonly hunks: readonly PatchHunk[];
  readonly additions: number;
  readonly deletions: number;
}

export interface PatchHunk {
  /** The `@@ … @@` line. */
  readonly header: string;
  readonly lines: readonly PatchLine[];
}

export interface PatchLine {
  readonly kind: 'same' | 'add' | 'del';
  readonly text: string;
  readonly oldNumber: number | undefined;
  readonly newNumber: number | undefined;
}

/** git's arguments that give the diffs that {@link parsePatch} reads. */
export const patchArguments = [
  '--no-color',
  '--no-ext-diff',
  '-M',
  '--src-prefix=a/',
  '--dst-prefix=b/',
] as const;

/** Reads the output of `git diff`. */
export function parsePatch(text: string): PatchFile[] {
  return text
    .split(/^(?=diff --git )/m)
    .filter((part) => part.startsWith('diff --git '))
    .map(parseFile);
}

function parseFile(part: string): PatchFile {
  const start = part.search(/^@@ /m);
  const head = start < 0 ? part : part.slice(0, start);
  const named = /^diff --git (?:"?a\/(.*?)"?) (?:"?b\/(.*?)"?)$/m.exec(head);
  const path = (pattern: RegExp) => unquotePath(pattern.exec(head)?.[1]);
  const oldPath = path(/^rename from (.*)$/m) ?? path(/^--- "?a\/(.*?)"?\t?$/m) ?? named?.[1] ?? '';
  const newPath = path(/^rename to (.*)$/m) ?? path(/^\+\+\+ "?b\/(.*?)"?\t?$/m) ?? named?.[2] ?? oldPath;
  const hunks =
    start < 0
      ? []
      : part
          .slice(start)
          .split(/^(?=@@ )/m)
          .map(parseHunk);
  const count = (kind: PatchLine['kind']) =>
    hunks.reduce((sum, hunk) => sum + hunk.lines.filter((line) => line.kind === kind).length, 0);
  return {
    oldPath,
    newPath,
    kind: /^new file/m.test(head)
      ? 'added'
      : /^deleted file/m.test(head)
        ? 'deleted'
        : /^rename from/m.test(head)
          ? 'renamed'
          : 'modified',
    isBinary: /^Binary files /m.test(head),
    hunks,
    additions: count('add'),
    deletions: count('del'),
  };
}

function parseHunk(text: string): PatchHunk {
  const [header = '', ...rest] = text.replace(/\n$/, '').split('\n');
  const numbers = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(header);
  let oldNumber = Number(numbers?.[1] ?? 1);
  let newNumber = Number(numbers?.[2] ?? 1);
  const lines: PatchLine[] = [];
  for (const line of rest) {
    const body = line.slice(1);
    if (line.startsWith('+')) {
      lines.push({ kind: 'add', text: body, oldNumber: undefined, newNumber: newNumber++ });
    } else if (line.startsWith('-')) {
      lines.push({ kind: 'del', text: body, oldNumber: oldNumber++, newNumber: undefined });
    } else if (line.startsWith(' ')) {
      lines.push({ kind: 'same', text: body, oldNumber: oldNumber++, newNumber: newNumber++ });
    }
  }
  return { header, lines };
}

/** git quotes names with unusual bytes: octal escapes of UTF-8. */
function unquotePath(path: string | undefined): string | undefined {
  if (path === undefined || !path.includes('\\')) return path;
  const bytes: number[] = [];
  for (const match of path.matchAll(/\\([0-7]{3})|\\(.)|([^\\])/gsu)) {
    if (match[1] !== undefined) bytes.push(Number.parseInt(match[1], 8));
    else bytes.push(...Buffer.from(match[2] ?? match[3] ?? ''));
  }
  return Buffer.from(bytes).toString();
}
