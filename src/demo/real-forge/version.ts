/** What `gitea --version` says of itself. */
export interface GiteaVersion {
  product: 'Gitea' | 'Forgejo';
  /** As it calls itself: `1.22.0`, `12.0.0-dev-1-abc+gitea-1.22.0`. */
  text: string;
  /** First and second number; null where a build names none (`main-nightly`). */
  release: readonly [major: number, minor: number] | null;
}

/** The oldest releases that the panel works with, as `gitea-databricks doctor` says it, too. */
export const oldestSupported = { Gitea: [1, 22], Forgejo: [7, 0] } as const;

/** @returns null when these are not the words of a Gitea or a Forgejo */
export function parseVersion(output: string): GiteaVersion | null {
  const [, name, text = ''] = /^(gitea|forgejo) version v?(\S+)/im.exec(output) ?? [];
  if (name === undefined) return null;
  const numbers = /^(\d+)\.(\d+)/.exec(text);
  return {
    product: name.toLowerCase() === 'forgejo' ? 'Forgejo' : 'Gitea',
    text,
    release: numbers && [Number(numbers[1]), Number(numbers[2])],
  };
}

/** Why this release cannot be used; null where it can, or where its number is not known. */
export function refusedVersion({ product, text, release }: GiteaVersion): string | null {
  const [major, minor] = oldestSupported[product];
  if (release === null || release[0] > major || (release[0] === major && release[1] >= minor)) return null;
  return `${product} ${text} is too old: the panel needs ${product} ${major}.${minor} or newer`;
}
