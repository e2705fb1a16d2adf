import picomatch from 'picomatch';

/**
 * Whether a change concerns training: one of the changed files matches one of the globs, or there are no globs.
 *
 * @param changed null: it cannot be told what changed, so it concerns training
 */
export function concernsTraining(paths: readonly string[], changed: readonly string[] | null): boolean {
  if (paths.length === 0 || changed === null) return true;
  const matches = picomatch([...paths], { dot: true });
  return changed.some((path) => matches(path));
}
