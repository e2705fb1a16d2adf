import { Type } from 'typebox';
import { AuditList } from '../../../contract/audit.ts';
import type { AuditStore } from '../../audit/ports.ts';
import type { ChainVerifier } from '../../audit/verifier.ts';
import type { App } from '../application.ts';

/** What reading the audit log needs. */
export interface AuditRouteServices {
  audit: Pick<AuditStore, 'list'>;
  verifier: ChainVerifier;
}

const parameters = Type.Object({ repository: Type.Integer() });
const query = Type.Object(
  {
    cursor: Type.Optional(Type.Integer({ minimum: 1, description: '`next` of the page before' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  },
  { additionalProperties: false },
);

/** `repositories/{id}/audit`: entries of one repository, newest first, and whether the whole chain is intact. */
export function auditRoutes(app: App, { audit, verifier }: AuditRouteServices): void {
  app.get(
    '/repositories/:repository/audit',
    {
      schema: {
        summary: 'The audit log of a repository',
        params: parameters,
        querystring: query,
        response: { 200: AuditList },
      },
    },
    async (request) => {
      const { cursor = null, limit = 50 } = request.query;
      const repository = request.access.repository.id;
      const [{ items, total }, verification] = await Promise.all([
        audit.list({ repository, before: cursor, limit }),
        verifier.check(),
      ]);
      const last = items.length === limit ? items.at(-1) : undefined;
      return { items, total, next: last && last.sequence > 1 ? String(last.sequence) : null, verification };
    },
  );
}
