/**
 * Octicons that the pull request's parts and the tab share; a room that needs more imports them itself. Only
 * re-exports, so that each icon is in the chunks that draw it and in no other.
 */
export { default as alertIcon } from '@primer/octicons/build/svg/alert-16.svg?raw';
export { default as arrowDownIcon } from '@primer/octicons/build/svg/arrow-down-16.svg?raw';
export { default as arrowUpIcon } from '@primer/octicons/build/svg/arrow-up-16.svg?raw';
export { default as checkIcon } from '@primer/octicons/build/svg/check-16.svg?raw';
export { default as checkCircleFillIcon } from '@primer/octicons/build/svg/check-circle-fill-16.svg?raw';
export { default as dashIcon } from '@primer/octicons/build/svg/dash-16.svg?raw';
export { default as dotFillIcon } from '@primer/octicons/build/svg/dot-fill-16.svg?raw';
export { default as fileIcon } from '@primer/octicons/build/svg/file-16.svg?raw';
export { default as historyIcon } from '@primer/octicons/build/svg/history-16.svg?raw';
export { default as infoIcon } from '@primer/octicons/build/svg/info-16.svg?raw';
export { default as keyIcon } from '@primer/octicons/build/svg/key-16.svg?raw';
export { default as lockIcon } from '@primer/octicons/build/svg/lock-16.svg?raw';
export { default as playIcon } from '@primer/octicons/build/svg/play-16.svg?raw';
export { default as shieldLockIcon } from '@primer/octicons/build/svg/shield-lock-16.svg?raw';
export { default as signInIcon } from '@primer/octicons/build/svg/sign-in-16.svg?raw';
export { default as unlinkIcon } from '@primer/octicons/build/svg/unlink-16.svg?raw';
export { default as xIcon } from '@primer/octicons/build/svg/x-16.svg?raw';
export { default as xCircleFillIcon } from '@primer/octicons/build/svg/x-circle-fill-16.svg?raw';
export {
  circleIcon,
  databaseIcon,
  gitCompareIcon,
  linkExternalIcon,
  questionIcon,
  runningIcon,
  skipIcon,
  stopIcon,
  syncIcon,
} from './drawn-icons.ts';
