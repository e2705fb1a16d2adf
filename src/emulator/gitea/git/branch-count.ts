import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How many branches a bare repository has, from its loose and packed refs, without starting git. */
export function branchCount(repositoryPath: string): number {
  const heads = join(repositoryPath, 'refs/heads');
  const loose = existsSync(heads)
    ? readdirSync(heads, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
        .map((entry) => join(entry.parentPath, entry.name).slice(repositoryPath.length + 1))
    : [];
  const packedRefs = join(repositoryPath, 'packed-refs');
  const packed = existsSync(packedRefs)
    ? [...readFileSync(packedRefs, 'utf8').matchAll(/^[0-9a-f]+ (refs\/heads\/\S+)$/gm)].map(
        ([, name]) => name,
      )
    : [];
  return new Set([...loose, ...packed]).size;
}
