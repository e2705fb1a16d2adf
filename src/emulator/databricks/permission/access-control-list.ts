import type { Json } from '../body.ts';
import { optionalObjects, optionalString, requiredString } from '../body.ts';
import { invalid } from '../errors.ts';
import type { Level, ObjectType } from './privileges.ts';
import { levelsByType } from './privileges.ts';

/**
 * The entries of a body's `access_control_list`; absent is empty.
 * @throws ApiError 400 for an entry without principal or with a level that the type does not have.
 */
export function parseAccessControlList<Type extends ObjectType>(
  type: Type,
  body: Json,
): { principal: string; level: Level<Type> }[] {
  return optionalObjects(body, 'access_control_list').map((entry) => {
    const principal =
      optionalString(entry, 'service_principal_name') ??
      optionalString(entry, 'user_name') ??
      optionalString(entry, 'group_name');
    if (!principal) throw invalid('Each entry names a service_principal_name, a user_name or a group_name.');
    const wanted = requiredString(entry, 'permission_level');
    const level = (levelsByType[type] as readonly Level<Type>[]).find((candidate) => candidate === wanted);
    if (!level)
      throw invalid(`${wanted} is no permission level of ${type}; known: ${levelsByType[type].join(', ')}.`);
    if (type === 'jobs' && level === 'IS_OWNER' && entry.group_name !== undefined)
      throw invalid('A group cannot own a job; name a user or a service principal.');
    return { principal, level };
  });
}
