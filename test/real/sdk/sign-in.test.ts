import { afterAll } from 'vitest';
import { describeInWorkspace } from '../workspace-program.ts';
import type { OidcIssuer } from './oidc-issuer.ts';
import { startIssuer } from './oidc-issuer.ts';

let issuer: OidcIssuer | undefined;
afterAll(() => issuer?.close());

describeInWorkspace('databricks-sdk signs in', {
  program: new URL('./sign_in.py', import.meta.url),
  async prepare() {
    issuer = await startIssuer();
    return { ISSUER: issuer.url, ISSUER_JWKS: issuer.jwks };
  },
});
