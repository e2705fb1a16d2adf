import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { invalid } from '../errors.ts';
import type { WorkspaceFiles } from '../files/workspace-files.ts';
import { parentOf, parseWorkspacePath } from '../files/workspace-path.ts';

/**
 * Requirement lines without indirection: `-r <workspace path>` becomes the lines of that file, a wheel in the
 * workspace becomes its path on disk (with its digest as a comment, so that other bytes make another environment).
 * @throws ApiError 400 for a file that is missing or may not be read.
 */
export async function expandRequirements(
  lines: readonly string[],
  files: WorkspaceFiles,
  mayRead: (path: string) => boolean,
  folder = '/',
  depth = 0,
): Promise<string[]> {
  if (depth > 5) throw invalid('Requirements files include each other more than 5 deep.');
  const expanded: string[] = [];
  for (const raw of lines) {
    const line = raw.replace(/(^|\s+)#.*$/, '').trim();
    if (line === '') continue;
    const included = /^(?:-r|--requirement)[\s=]*(\S.*)$/.exec(line)?.[1];
    if (included !== undefined) {
      const path = readable(included, files, mayRead, folder);
      const text = await readFile(files.diskPath(path), 'utf8');
      const joined = text.replace(/\\\r?\n/g, '').split(/\r?\n/);
      expanded.push(...(await expandRequirements(joined, files, mayRead, parentOf(path) ?? '/', depth + 1)));
    } else if (/^\S+\.whl$/.test(line) && (line.startsWith('/') || line.startsWith('./'))) {
      const disk = files.diskPath(readable(line, files, mayRead, folder));
      const digest = createHash('sha256')
        .update(await readFile(disk))
        .digest('hex');
      expanded.push(`${disk}  # sha256:${digest}`);
    } else expanded.push(line);
  }
  return expanded;
}

function readable(
  text: string,
  files: WorkspaceFiles,
  mayRead: (path: string) => boolean,
  folder: string,
): string {
  const absolute = text.startsWith('/')
    ? text
    : `${folder === '/' ? '' : folder}/${text.replace(/^\.\//, '')}`;
  const path = parseWorkspacePath(absolute);
  if (!mayRead(path)) throw invalid(`Dependency file ${text} may not be read by the run's principal.`);
  if (files.find(path)?.type !== 'FILE')
    throw invalid(`Dependency file ${text} does not exist in the workspace.`);
  return path;
}
