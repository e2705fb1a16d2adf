import type { Client } from '../support.ts';
import type { Act } from './matrix.ts';
import type { SharedWorkspace } from './shared-workspace.ts';

/** The admin, one principal per level on the object, and one with none; columns in this order. */
export async function withLevels(
  shared: SharedWorkspace,
  path: string,
  levels: readonly string[],
): Promise<Record<string, Client>> {
  const principals: Record<string, Client> = { admin: shared.admin };
  for (const level of levels) {
    const { client, applicationId } = await shared.principal(level);
    const entry = { service_principal_name: applicationId, permission_level: level };
    const { status } = await shared.admin.send('PATCH', path, { access_control_list: [entry] });
    if (status !== 200) throw new Error(`${level} on ${path}: ${status}`);
    principals[level] = client;
  }
  principals.nobody = (await shared.principal('nobody')).client;
  return principals;
}

export function actOf(acts: Record<string, Act>, what: string): Act {
  const act = acts[what];
  if (!act) throw new Error(`no act is called "${what}"`);
  return act;
}

/** Acts on an object's permissions; the second leaves them as they are. */
export const permissionActs = (path: string): Record<string, Act> => ({
  'see the permissions': (as) => as.get(path),
  'change the permissions': (as) => as.send('PATCH', path, { access_control_list: [] }),
});
