import { afterAll } from 'vitest';
import { describeSdk } from './describe-sdk.ts';
import type { OidcIssuer } from './oidc-issuer.ts';
import { startIssuer } from './oidc-issuer.ts';

let issuer: OidcIssuer | undefined;
afterAll(() => issuer?.close());

describeSdk('databricks-sdk signs in', {
  program: 'sign_in.py',
  async prepare() {
    issuer = await startIssuer();
    return { ISSUER: issuer.url, ISSUER_JWKS: issuer.jwks };
  },
});
