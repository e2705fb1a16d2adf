import alertSvg from '@primer/octicons/build/svg/alert-16.svg?raw';
import arrowDownSvg from '@primer/octicons/build/svg/arrow-down-16.svg?raw';
import arrowUpSvg from '@primer/octicons/build/svg/arrow-up-16.svg?raw';
import checkSvg from '@primer/octicons/build/svg/check-16.svg?raw';
import checkCircleFillSvg from '@primer/octicons/build/svg/check-circle-fill-16.svg?raw';
import circleSvg from '@primer/octicons/build/svg/circle-16.svg?raw';
import dashSvg from '@primer/octicons/build/svg/dash-16.svg?raw';
import databaseSvg from '@primer/octicons/build/svg/database-16.svg?raw';
import dotFillSvg from '@primer/octicons/build/svg/dot-fill-16.svg?raw';
import fileSvg from '@primer/octicons/build/svg/file-16.svg?raw';
import gitCompareSvg from '@primer/octicons/build/svg/git-compare-16.svg?raw';
import historySvg from '@primer/octicons/build/svg/history-16.svg?raw';
import infoSvg from '@primer/octicons/build/svg/info-16.svg?raw';
import keySvg from '@primer/octicons/build/svg/key-16.svg?raw';
import linkExternalSvg from '@primer/octicons/build/svg/link-external-16.svg?raw';
import lockSvg from '@primer/octicons/build/svg/lock-16.svg?raw';
import playSvg from '@primer/octicons/build/svg/play-16.svg?raw';
import questionSvg from '@primer/octicons/build/svg/question-16.svg?raw';
import shieldLockSvg from '@primer/octicons/build/svg/shield-lock-16.svg?raw';
import signInSvg from '@primer/octicons/build/svg/sign-in-16.svg?raw';
import skipSvg from '@primer/octicons/build/svg/skip-16.svg?raw';
import stopSvg from '@primer/octicons/build/svg/stop-16.svg?raw';
import syncSvg from '@primer/octicons/build/svg/sync-16.svg?raw';
import unlinkSvg from '@primer/octicons/build/svg/unlink-16.svg?raw';
import xSvg from '@primer/octicons/build/svg/x-16.svg?raw';
import xCircleFillSvg from '@primer/octicons/build/svg/x-circle-fill-16.svg?raw';
import type { IconShape } from './icon.tsx';
import { iconOf } from './icon.tsx';

/** Octicons that the pull request's parts draw; a room that needs more imports them itself. */
export const databaseIcon: IconShape = /* @__PURE__ */ iconOf(databaseSvg);
export const checkCircleFillIcon: IconShape = /* @__PURE__ */ iconOf(checkCircleFillSvg);
export const xCircleFillIcon: IconShape = /* @__PURE__ */ iconOf(xCircleFillSvg);
export const dotFillIcon: IconShape = /* @__PURE__ */ iconOf(dotFillSvg);
export const questionIcon: IconShape = /* @__PURE__ */ iconOf(questionSvg);
export const checkIcon: IconShape = /* @__PURE__ */ iconOf(checkSvg);
export const xIcon: IconShape = /* @__PURE__ */ iconOf(xSvg);
export const dashIcon: IconShape = /* @__PURE__ */ iconOf(dashSvg);
export const circleIcon: IconShape = /* @__PURE__ */ iconOf(circleSvg);
export const skipIcon: IconShape = /* @__PURE__ */ iconOf(skipSvg);
export const syncIcon: IconShape = /* @__PURE__ */ iconOf(syncSvg);
export const gitCompareIcon: IconShape = /* @__PURE__ */ iconOf(gitCompareSvg);
export const playIcon: IconShape = /* @__PURE__ */ iconOf(playSvg);
export const stopIcon: IconShape = /* @__PURE__ */ iconOf(stopSvg);
export const keyIcon: IconShape = /* @__PURE__ */ iconOf(keySvg);
export const signInIcon: IconShape = /* @__PURE__ */ iconOf(signInSvg);
export const linkExternalIcon: IconShape = /* @__PURE__ */ iconOf(linkExternalSvg);
export const infoIcon: IconShape = /* @__PURE__ */ iconOf(infoSvg);
export const alertIcon: IconShape = /* @__PURE__ */ iconOf(alertSvg);
export const unlinkIcon: IconShape = /* @__PURE__ */ iconOf(unlinkSvg);
export const shieldLockIcon: IconShape = /* @__PURE__ */ iconOf(shieldLockSvg);
export const fileIcon: IconShape = /* @__PURE__ */ iconOf(fileSvg);
export const arrowUpIcon: IconShape = /* @__PURE__ */ iconOf(arrowUpSvg);
export const arrowDownIcon: IconShape = /* @__PURE__ */ iconOf(arrowDownSvg);
export const historyIcon: IconShape = /* @__PURE__ */ iconOf(historySvg);
export const lockIcon: IconShape = /* @__PURE__ */ iconOf(lockSvg);

/** Gitea's own mark of something that runs, drawn anew: a dot within a turning arc. */
export const runningIcon: IconShape = {
  viewBox: '0 0 16 16',
  markup:
    '<circle cx="8" cy="8" r="3.5" fill="currentColor"/>' +
    '<circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" stroke-width="1.75" opacity=".35"/>' +
    '<path class="dbx-turn" d="M8 1a7 7 0 0 1 7 7" fill="none" stroke="currentColor" stroke-width="1.75"/>',
};
