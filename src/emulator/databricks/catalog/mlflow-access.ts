import type { Principal, WorkspaceContext } from '../context.ts';
import type { Fields } from '../mlflow/fields.ts';
import { text } from '../mlflow/fields.ts';
import type { Privilege } from '../permission/privileges.ts';

/** Where mlflow's `databricks-uc` registry finds its calls. */
export const unityCatalogBase = '/api/2.0/mlflow/unity-catalog';

/** Checks a privilege on the model that a request names. @throws ApiError 403 */
type RequireOnModel = (principal: Principal, privilege: Privilege, fields: Fields) => void;

export const requiringOnModel =
  (context: WorkspaceContext): RequireOnModel =>
  (principal, privilege, fields) =>
    context.permissions.require(principal, privilege, 'function', text(fields, 'name'));
