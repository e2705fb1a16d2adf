import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sessionKey, signedInUser } from '../account/sessions.ts';
import type { ForgeContext } from '../context.ts';
import { renderConsent } from '../pages/oauth-consent.ts';
import { claims, issuer, userOfAccessToken } from './access-token.ts';
import type { AuthorizeAnswer, AuthorizeRequest } from './authorize.ts';
import { answerConsent, startAuthorize } from './authorize.ts';
import { discovery } from './discovery.ts';
import { signingKey } from './signing-key.ts';
import { exchangeToken, requireClient, TokenError } from './token-exchange.ts';

type Fields = Record<string, string | undefined>;

/** The OAuth2 and OpenID Connect provider: `/login/oauth/*` and discovery. There is no end-session endpoint. */
export function registerOauthRoutes(app: FastifyInstance, forge: ForgeContext): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_r, text, done) =>
      done(null, Object.fromEntries(new URLSearchParams(String(text)))),
    );
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
      try {
        done(null, JSON.parse(String(text)));
      } catch (error) {
        done(error as Error);
      }
    });
    scope.get('/.well-known/openid-configuration', () => discovery(forge));
    scope.get('/login/oauth/keys', async () => ({ keys: [(await signingKey(forge)).publicJwk] }));
    scope.get('/login/oauth/authorize', (request, reply) => {
      const asked = authorizeRequest(request.query as Fields);
      const user = signedInUser(forge, request);
      const answer = startAuthorize(forge, user, sessionKey(request) ?? '', asked);
      return send(forge, request, reply, answer);
    });
    scope.post('/login/oauth/grant', (request, reply) => {
      const user = signedInUser(forge, request);
      if (user === undefined) return send(forge, request, reply, { kind: 'login' });
      // Cross-site posts are refused by what every current browser sends (Gitea ≥ 1.26 does the same).
      const site = request.headers['sec-fetch-site'];
      if (site !== undefined && site !== 'same-origin' && site !== 'none') {
        return reply.code(403).type('text/plain').send('cross-origin request detected');
      }
      const fields = (request.body ?? {}) as Fields;
      const answered = authorizeRequest(fields);
      const isGranted = fields.granted === 'true';
      return send(
        forge,
        request,
        reply,
        answerConsent(forge, user, sessionKey(request) ?? '', answered, isGranted),
      );
    });
    scope.post('/login/oauth/access_token', async (request, reply) => {
      reply.header('Cache-Control', 'no-store').header('Pragma', 'no-cache');
      try {
        return await exchangeToken(forge, tokenRequest(request));
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        return reply.code(400).send({ error: error.code, error_description: error.message });
      }
    });
    scope.post('/login/oauth/introspect', async (request, reply) => {
      const { clientId, clientSecret } = tokenRequest(request);
      try {
        requireClient(forge, clientId, clientSecret);
      } catch {
        return reply
          .code(401)
          .header('WWW-Authenticate', 'Basic realm="Gitea OAuth2"')
          .send('no valid authorization');
      }
      const token = ((request.body ?? {}) as Fields).token ?? '';
      const found = await userOfAccessToken(forge, token);
      if (found === undefined) return { active: false };
      return {
        active: true,
        scope: found.grant.scope,
        username: found.user.name,
        sub: String(found.user.id),
        iss: issuer(forge),
      };
    });
    const userinfo = async (request: FastifyRequest, reply: FastifyReply) => {
      const [, token] = /^(?:bearer|token)\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
      const found = token === undefined ? undefined : await userOfAccessToken(forge, token);
      if (found === undefined) {
        return reply
          .code(401)
          .header('WWW-Authenticate', 'Bearer realm="Gitea OAuth2"')
          .send('no valid authorization');
      }
      // The groups are there whatever the scope, and null for who is in none (routers/web/auth/oauth2_provider.go).
      const {
        name,
        preferred_username,
        email,
        picture,
        groups = null,
      } = claims(forge, found.user, ['profile', 'email', 'groups']);
      return { sub: String(found.user.id), name, preferred_username, email, picture, groups };
    };
    scope.get('/login/oauth/userinfo', userinfo);
    scope.post('/login/oauth/userinfo', userinfo);
  });
}

function send(forge: ForgeContext, request: FastifyRequest, reply: FastifyReply, answer: AuthorizeAnswer) {
  const { rootUrl } = forge.settings;
  switch (answer.kind) {
    case 'redirect':
      return reply.redirect(answer.location, 303);
    case 'login': {
      const target = new URL(rootUrl).pathname.replace(/\/$/, '') + request.url;
      return reply.redirect(`${rootUrl}user/login?redirect_to=${encodeURIComponent(target)}`, 303);
    }
    case 'refused':
      return reply
        .code(400)
        .type('text/html; charset=utf-8')
        .send(`<!doctype html><title>Authorization failed</title><p>${answer.code}: ${answer.message}</p>\n`);
    case 'consent': {
      const asked = answer.request;
      const html = renderConsent(forge, request, {
        application: { name: answer.application.name },
        creator: { name: answer.creator.name },
        scopes: asked.scope,
        redirectUri: asked.redirectUri,
        hidden: {
          client_id: asked.clientId,
          state: asked.state,
          scope: asked.scope,
          nonce: asked.nonce,
          redirect_uri: asked.redirectUri,
        },
      });
      return reply.type('text/html; charset=utf-8').send(html);
    }
  }
}

function authorizeRequest(fields: Fields): AuthorizeRequest {
  return {
    clientId: fields.client_id ?? '',
    redirectUri: fields.redirect_uri ?? '',
    responseType: fields.response_type ?? '',
    scope: fields.scope ?? '',
    state: fields.state ?? '',
    nonce: fields.nonce ?? '',
    codeChallenge: fields.code_challenge ?? '',
    codeChallengeMethod: fields.code_challenge_method ?? '',
  };
}

/** Client credentials come in the body or as HTTP basic (each part form-encoded, RFC 6749 §2.3.1). */
function tokenRequest(request: FastifyRequest) {
  const fields = (request.body ?? {}) as Fields;
  const [, basic] = /^basic\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const [id, secret] =
    basic === undefined
      ? [fields.client_id, fields.client_secret]
      : Buffer.from(basic, 'base64')
          .toString('utf8')
          .split(':')
          .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
  return {
    grantType: fields.grant_type ?? '',
    clientId: id ?? '',
    clientSecret: secret ?? '',
    code: fields.code ?? '',
    redirectUri: fields.redirect_uri ?? '',
    codeVerifier: fields.code_verifier ?? '',
    refreshToken: fields.refresh_token ?? '',
  };
}
