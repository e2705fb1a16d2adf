/** The part of a request that tells where it comes from. */
export interface OriginRequest {
  readonly method: string;
  readonly headers: {
    readonly origin?: string;
    readonly host?: string;
    readonly 'sec-fetch-site'?: string | string[];
    readonly 'x-forwarded-host'?: string | string[];
  };
}

/**
 * Whether a request may change something, as Go's CrossOriginProtection decides in Gitea 1.26 and later: reads
 * always; else by Sec-Fetch-Site, and without it by comparing Origin with Host. What comes without both is no
 * browser. A front proxy's own host counts too.
 */
export function isAllowedOrigin(request: OriginRequest, rootUrl: string): boolean {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return true;
  const { origin, host } = request.headers;
  const root = new URL(rootUrl);
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return true;
  if (origin === undefined) return site === undefined;
  if (origin === root.origin) return true;
  if (site !== undefined && site !== '') return false;
  return URL.canParse(origin) && new URL(origin).host === host;
}
