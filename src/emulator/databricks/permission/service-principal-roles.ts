import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Principal } from '../context.ts';

/** Roles on a service principal: `user` may run jobs as it, `manager` may give roles on it (and is no user by that). */
export const servicePrincipalRoles = [
  'roles/servicePrincipal.user',
  'roles/servicePrincipal.manager',
] as const;
export type ServicePrincipalRole = (typeof servicePrincipalRoles)[number];

/** Who has a role: `users/<name>`, `servicePrincipals/<application id>` or `groups/<name>`. */
export interface GrantRule {
  role: ServicePrincipalRole;
  principals: string[];
}

export const roleTables = [
  `create table permission_roles (
     application_id text not null, role text not null, principal text not null,
     primary key (application_id, role, principal)) without rowid`,
];

export type ServicePrincipalRoles = ReturnType<typeof createServicePrincipalRoles>;

/** The default rule set of each service principal (docs: account access control, roles for managing principals). */
export function createServicePrincipalRoles(db: DatabaseSync) {
  function rules(applicationId: string): GrantRule[] {
    const rows = db
      .prepare(
        'select role, principal from permission_roles where application_id = ? order by role, principal',
      )
      .all(applicationId);
    const byRole = Map.groupBy(rows, (row) => row.role as ServicePrincipalRole);
    return [...byRole].map(([role, entries]) => ({
      role,
      principals: entries.map((row) => row.principal as string),
    }));
  }

  return {
    rules,
    /** Changes with the rules: whoever replaces them names the state that was read. */
    etag: (applicationId: string): string =>
      createHash('sha256')
        .update(JSON.stringify(rules(applicationId)))
        .digest('base64'),
    replace(applicationId: string, next: readonly GrantRule[]): void {
      db.prepare('delete from permission_roles where application_id = ?').run(applicationId);
      const add = db.prepare('insert or ignore into permission_roles values (?, ?, ?)');
      for (const { role, principals } of next)
        for (const principal of principals) add.run(applicationId, role, principal);
    },
    /** Whether a principal has the role on a service principal; admins have every role. */
    has(principal: Principal, role: ServicePrincipalRole, applicationId: string): boolean {
      if (principal.admin) return true;
      const kind = principal.applicationId === undefined ? 'users' : 'servicePrincipals';
      const names = [`${kind}/${principal.name}`, 'groups/users', 'groups/account users'];
      return rules(applicationId).some(
        (rule) => rule.role === role && rule.principals.some((name) => names.includes(name)),
      );
    },
  };
}
