import arrowRightSvg from '@primer/octicons/build/svg/arrow-right-16.svg?raw';
import beakerSvg from '@primer/octicons/build/svg/beaker-16.svg?raw';
import gitBranchSvg from '@primer/octicons/build/svg/git-branch-16.svg?raw';
import gitCommitSvg from '@primer/octicons/build/svg/git-commit-16.svg?raw';
import gitPullRequestSvg from '@primer/octicons/build/svg/git-pull-request-16.svg?raw';
import logSvg from '@primer/octicons/build/svg/log-16.svg?raw';
import packageSvg from '@primer/octicons/build/svg/package-16.svg?raw';
import rocketSvg from '@primer/octicons/build/svg/rocket-16.svg?raw';
import searchSvg from '@primer/octicons/build/svg/search-16.svg?raw';
import serverSvg from '@primer/octicons/build/svg/server-16.svg?raw';
import tagSvg from '@primer/octicons/build/svg/tag-16.svg?raw';
import verifiedSvg from '@primer/octicons/build/svg/verified-16.svg?raw';
import type { IconShape } from '../../components/icon.tsx';
import { iconOf } from '../../components/icon.tsx';

/** Octicons of the tab and the release dialog: in their own chunk, away from the pull-request box. */
export const arrowRightIcon: IconShape = /* @__PURE__ */ iconOf(arrowRightSvg);
export const beakerIcon: IconShape = /* @__PURE__ */ iconOf(beakerSvg);
export const gitBranchIcon: IconShape = /* @__PURE__ */ iconOf(gitBranchSvg);
export const gitCommitIcon: IconShape = /* @__PURE__ */ iconOf(gitCommitSvg);
export const gitPullRequestIcon: IconShape = /* @__PURE__ */ iconOf(gitPullRequestSvg);
export const logIcon: IconShape = /* @__PURE__ */ iconOf(logSvg);
export const packageIcon: IconShape = /* @__PURE__ */ iconOf(packageSvg);
export const rocketIcon: IconShape = /* @__PURE__ */ iconOf(rocketSvg);
export const searchIcon: IconShape = /* @__PURE__ */ iconOf(searchSvg);
export const serverIcon: IconShape = /* @__PURE__ */ iconOf(serverSvg);
export const tagIcon: IconShape = /* @__PURE__ */ iconOf(tagSvg);
export const verifiedIcon: IconShape = /* @__PURE__ */ iconOf(verifiedSvg);
