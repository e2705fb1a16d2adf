import type { ForgeContext } from '../context.ts';
import { issuer } from './access-token.ts';

/** What `/.well-known/openid-configuration` answers (OpenID Connect Discovery 1.0 §3). */
export function discovery(forge: ForgeContext) {
  const { rootUrl } = forge.settings;
  return {
    issuer: issuer(forge),
    authorization_endpoint: `${rootUrl}login/oauth/authorize`,
    token_endpoint: `${rootUrl}login/oauth/access_token`,
    jwks_uri: `${rootUrl}login/oauth/keys`,
    userinfo_endpoint: `${rootUrl}login/oauth/userinfo`,
    introspection_endpoint: `${rootUrl}login/oauth/introspect`,
    response_types_supported: ['code', 'id_token'],
    id_token_signing_alg_values_supported: ['RS256'],
    subject_types_supported: ['public'],
    scopes_supported: ['openid', 'profile', 'email', 'groups'],
    claims_supported: [
      'aud',
      'exp',
      'iat',
      'iss',
      'sub',
      'name',
      'preferred_username',
      'profile',
      'picture',
      'website',
      'locale',
      'updated_at',
      'email',
      'email_verified',
      'groups',
    ],
    code_challenge_methods_supported: ['plain', 'S256'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
  };
}
