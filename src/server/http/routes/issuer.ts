import type { Issuer } from '../../identity/issuer.ts';
import { keySetCacheSeconds } from '../../identity/key-schedule.ts';
import type { App } from '../application.ts';

/** The issuer's public documents; Databricks reads them to check the tokens that the backend mints. */
export function issuerRoutes(app: App, { issuer }: { issuer: Pick<Issuer, 'discovery' | 'keySet'> }): void {
  const cached = `public, max-age=${keySetCacheSeconds}`;
  const schema = (summary: string) => ({ schema: { summary } });
  app.get('/.well-known/openid-configuration', schema('The issuer’s metadata'), async (_request, reply) => {
    return reply.header('cache-control', cached).send(issuer.discovery());
  });
  app.get('/.well-known/jwks.json', schema('The issuer’s public keys'), async (_request, reply) => {
    return reply.header('cache-control', cached).send(await issuer.keySet());
  });
}
