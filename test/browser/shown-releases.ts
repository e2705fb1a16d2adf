import type { ForgeVersion } from '../../src/emulator/gitea/releases.ts';
import { forgeVersions, releaseTitle } from '../../src/emulator/gitea/releases.ts';

/** Both ends of the supported range, the recorded release, and Forgejo. */
const telling: readonly ForgeVersion[] = ['1.22', '1.26', '1.27', 'forgejo-11'];

/**
 * The releases whose pages a browser opens: the telling ones in `npm test`, which has to stay short; all of them
 * with GITEA_RELEASES=all, as `npm run test:real` sets it.
 */
export const shownReleases = (process.env.GITEA_RELEASES === 'all' ? forgeVersions : telling).map(
  (version) => ({ version, title: releaseTitle(version) }),
);
