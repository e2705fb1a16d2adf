/** The oldest releases that this was tried with. */
export const oldestSupported = { Gitea: [1, 22], Forgejo: [7, 0] } as const;

export interface ReleaseAdvice {
  level: 'ok' | 'warning' | 'error';
  /** A sentence; empty where there is nothing to say. */
  text: string;
}

/**
 * What a release means for the panel.
 * @param version as `GET /version` answers it: `1.22.0`, `7.0.15+gitea-1.21.11`, `main-nightly`
 */
export function adviseRelease(version: string): ReleaseAdvice {
  const numbers = /^v?(\d+)\.(\d+)/.exec(version);
  if (!numbers)
    return { level: 'warning', text: 'The release has no number, so whether it is new enough is not known.' };
  const product = version.includes('+gitea-') ? 'Forgejo' : 'Gitea';
  const [oldMajor, oldMinor] = oldestSupported[product];
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])];
  if (major < oldMajor || (major === oldMajor && minor < oldMinor)) {
    return {
      level: 'error',
      text: `It is too old: the panel needs ${product} ${oldMajor}.${oldMinor} or newer.`,
    };
  }
  if (product === 'Gitea' ? major === 1 && minor === 22 : major < 8) {
    return {
      level: 'warning',
      text: 'In this release the tokens of people who sign in have no scopes (they may do whatever their user may), and the chart in a comment stays blank until a newer one.',
    };
  }
  return { level: 'ok', text: '' };
}
