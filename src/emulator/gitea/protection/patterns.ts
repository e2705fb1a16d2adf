import picomatch from 'picomatch';

/** Which of the paths match a rule's file patterns (`;` between them, case does not matter). */
export function matchingFiles(patterns: string, paths: readonly string[]): string[] {
  const globs = patterns
    .split(';')
    .map((pattern) => pattern.trim().toLowerCase())
    .filter((pattern) => pattern !== '');
  if (globs.length === 0) return [];
  const matches = picomatch(globs, { dot: true });
  return paths.filter((path) => matches(path.toLowerCase()));
}

/**
 * Whether a status context matches a required one. Unlike file patterns, `*` here crosses slashes: Gitea compiles
 * these globs without a separator.
 */
export function matchesContext(pattern: string, context: string): boolean {
  const escaped = pattern.trim().replace(/[.+^${}()|\\[\]]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*+/g, '.*').replace(/\?/g, '.')}$`, 's').test(context);
}
