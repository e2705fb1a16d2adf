import { later } from './later.tsx';

/** `Access`, fetched when somebody is signed out, has to consent or may not see: most page views do without. */
export const Access = later(async () => (await import('./access.tsx')).Access);
