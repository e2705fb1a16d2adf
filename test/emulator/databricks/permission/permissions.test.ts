import type { DatabaseSync } from 'node:sqlite';
import { DatabaseSync as Database } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Principal } from '../../../../src/emulator/databricks/context.ts';
import {
  createPermissions,
  permissionTables,
} from '../../../../src/emulator/databricks/permission/permissions.ts';

function permissions() {
  const db: DatabaseSync = new Database(':memory:');
  for (const statement of permissionTables) db.exec(statement);
  return createPermissions(db);
}

const principal = (name: string, admin = false): Principal => ({
  kind: admin ? 'admin' : 'service-principal',
  name,
  id: name,
  displayName: name,
  applicationId: name,
  admin,
  run: undefined,
});

const trainer = principal('trainer');
const releaser = principal('releaser');
const model = ['function', 'ml.prod.wine'] as const;

function catalog() {
  const given = permissions();
  given.setOwner('catalog', 'ml', 'admin');
  given.setOwner('schema', 'ml.prod', 'admin');
  given.setOwner(...model, 'releaser');
  return given;
}

test('a privilege on a model counts only together with USE_CATALOG and USE_SCHEMA', () => {
  const given = catalog();
  given.grant(...model, 'trainer', ['CREATE_MODEL_VERSION', 'EXECUTE']);
  expect(given.allows(trainer, 'EXECUTE', ...model)).toBe(false);
  given.grant('catalog', 'ml', 'trainer', ['USE_CATALOG']);
  expect(given.allows(trainer, 'EXECUTE', ...model)).toBe(false);
  given.grant('schema', 'ml.prod', 'trainer', ['USE_SCHEMA']);
  expect(given.allows(trainer, 'EXECUTE', ...model)).toBe(true);
  expect(given.allows(trainer, 'CREATE_MODEL_VERSION', ...model)).toBe(true);
});

test('a trainer who may add versions does not move aliases; the owner and MANAGE do', () => {
  const given = catalog();
  for (const name of ['trainer', 'releaser', 'manager']) {
    given.grant('catalog', 'ml', name, ['USE_CATALOG', 'USE_SCHEMA']);
    given.grant(...model, name, ['EXECUTE']);
  }
  given.grant(...model, 'trainer', ['CREATE_MODEL_VERSION', 'ALL_PRIVILEGES']);
  given.grant(...model, 'manager', ['MANAGE']);
  expect(given.allows(trainer, 'MANAGE', ...model)).toBe(false);
  expect(given.allows(releaser, 'MANAGE', ...model)).toBe(true);
  expect(given.allows(principal('manager'), 'MANAGE', ...model)).toBe(true);
  expect(() => given.require(trainer, 'MANAGE', ...model)).toThrow(
    /MANAGE on Routine or Model 'ml.prod.wine'/,
  );
});

test('grants on a schema and to everybody are inherited, revoked ones are gone', () => {
  const given = catalog();
  given.grant('catalog', 'ml', 'account users', ['USE_CATALOG', 'USE_SCHEMA']);
  given.grant('schema', 'ml.prod', 'trainer', ['EXECUTE']);
  expect(given.allows(trainer, 'EXECUTE', ...model)).toBe(true);
  expect(given.allows(trainer, 'EXECUTE', 'function', 'ml.other.wine')).toBe(false);
  given.revoke('schema', 'ml.prod', 'trainer', ['EXECUTE']);
  expect(given.allows(trainer, 'EXECUTE', ...model)).toBe(false);
});

test("the admin passes every check, an admin's run passes as the owner of what the admin made and no further", () => {
  const given = catalog();
  const admin = principal('admin', true);
  const run: Principal = { ...admin, kind: 'run', admin: false };
  expect(given.allows(admin, 'MANAGE', ...model)).toBe(true);
  expect(given.allows(run, 'CREATE_MODEL', 'schema', 'ml.prod')).toBe(true);
  expect(given.allowsObject(run, 'CAN_VIEW', 'jobs', 1)).toBe(false);
});

test('levels are ordered, inherited from the folder and separate by object', () => {
  const given = permissions();
  given.setParent('experiments', 7, 'directories', 1);
  given.setLevel('directories', 1, 'trainer', 'CAN_EDIT');
  given.setLevel('jobs', 7, 'trainer', 'CAN_MANAGE_RUN');
  expect(given.allowsObject(trainer, 'CAN_READ', 'experiments', 7)).toBe(true);
  expect(given.allowsObject(trainer, 'CAN_EDIT', 'experiments', '7')).toBe(true);
  expect(given.allowsObject(trainer, 'CAN_MANAGE', 'experiments', 7)).toBe(false);
  expect(given.allowsObject(trainer, 'CAN_VIEW', 'jobs', 7)).toBe(true);
  expect(given.allowsObject(trainer, 'CAN_MANAGE', 'jobs', 7)).toBe(false);
  given.removeObject('experiments', 7);
  expect(given.allowsObject(trainer, 'CAN_READ', 'experiments', 7)).toBe(false);
});
