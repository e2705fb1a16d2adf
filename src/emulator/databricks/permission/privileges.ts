/** Unity Catalog securables that the emulator knows; a model's securable type is `function`, as in the REST API. */
export type Securable = 'metastore' | 'catalog' | 'schema' | 'function' | 'volume' | 'table';

/** Unity Catalog privileges as the REST API writes them. */
export const privileges = [
  'ALL_PRIVILEGES',
  'APPLY_TAG',
  'CREATE_CATALOG',
  'CREATE_MODEL',
  'CREATE_MODEL_VERSION',
  'CREATE_SCHEMA',
  'CREATE_VOLUME',
  'EXECUTE',
  'MANAGE',
  'READ_VOLUME',
  'SELECT',
  'USE_CATALOG',
  'USE_SCHEMA',
  'WRITE_VOLUME',
] as const;
export type Privilege = (typeof privileges)[number];

/**
 * Object permission levels by type, weakest first (REST: `/api/2.0/permissions/{type}/{id}`). `runs` are submitted
 * runs: their levels come with runs/submit and are not to be reached by REST afterwards.
 */
export const levelsByType = {
  jobs: ['CAN_VIEW', 'CAN_MANAGE_RUN', 'CAN_MANAGE', 'IS_OWNER'],
  runs: ['CAN_VIEW', 'CAN_MANAGE_RUN', 'CAN_MANAGE', 'IS_OWNER'],
  experiments: ['CAN_READ', 'CAN_EDIT', 'CAN_MANAGE'],
  'registered-models': [
    'CAN_READ',
    'CAN_EDIT',
    'CAN_MANAGE_STAGING_VERSIONS',
    'CAN_MANAGE_PRODUCTION_VERSIONS',
    'CAN_MANAGE',
  ],
  'serving-endpoints': ['CAN_VIEW', 'CAN_QUERY', 'CAN_MANAGE'],
  directories: ['CAN_READ', 'CAN_RUN', 'CAN_EDIT', 'CAN_MANAGE'],
} as const;
export type ObjectType = keyof typeof levelsByType;
export type Level<Type extends ObjectType = ObjectType> = (typeof levelsByType)[Type][number];

/** The securables above one, outermost first: `a.b.c` lies in schema `a.b`, which lies in catalog `a`. */
export function ancestors(
  securable: Securable,
  fullName: string,
): { securable: Securable; fullName: string }[] {
  const parts = fullName.split('.');
  const catalog = { securable: 'catalog' as const, fullName: parts[0] ?? '' };
  if (securable === 'metastore' || securable === 'catalog') return [];
  if (securable === 'schema') return [catalog];
  return [catalog, { securable: 'schema', fullName: parts.slice(0, 2).join('.') }];
}
