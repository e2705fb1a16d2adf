import { STATUS_CODES } from 'node:http';
import type { Page } from './fault.ts';

/** HTML as it comes from what stands between a client and the workspace. */
export function faultPage(page: Page, status: number): string {
  const reason = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (page === 'login')
    return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head>\n<body><div id="login-page"><form action="/login.html" method="post"><input name="email"></form></div></body></html>\n`;
  if (page === 'error')
    return `<html>\n<head><title>Error ${reason}</title></head>\n<body><h2>HTTP ERROR ${status}</h2>\n<p>Problem accessing the API. Reason:\n<pre>    ${reason}</pre></p>\n</body>\n</html>\n`;
  return `<html>\r\n<head><title>${reason}</title></head>\r\n<body>\r\n<center><h1>${reason}</h1></center>\r\n</body>\r\n</html>\r\n`;
}
