import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const source = (path: string) => relative(root, path).replaceAll('\\', '/');

interface Import {
  from: string;
  /** A file of the project (`src/…`) or a package. */
  to: string;
  typeOnly: boolean;
}

/** All imports and re-exports of one text; `import()` too. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found: Import[] = [];
  const pattern =
    /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|(?<!\w)import\(\s*'([^']+)'\s*\)/gm;
  for (const [, type, named, dynamic] of text.matchAll(pattern)) {
    const target = named ?? dynamic ?? '';
    found.push({
      from: file,
      to: target.startsWith('.') ? source(resolve(root, dirname(file), target.split('?', 1)[0]!)) : target,
      typeOnly: type !== undefined,
    });
  }
  return found;
}

const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).map((file) => file.replaceAll('\\', '/'));
const imports = files.flatMap(importsOf);

/** Rooms that decide and own their ports; their I/O is done by adapters. */
const domainRooms = [
  'training',
  'metrics',
  'report',
  'registry',
  'permission',
  'audit',
  'webhook',
  'command',
  'identity',
  'outbox',
  'events',
  'duty',
];
const adapters = ['gitea', 'databricks', 'store', 'provider'];
/** Words that rooms and adapters share and that do no I/O. */
const sharedWords = [
  'src/server/gitea/error.ts',
  'src/server/databricks/error.ts',
  'src/server/store/sortable-id.ts',
  'src/server/http/problem.ts',
];
/** Modules of Node with which a room could reach the outside. */
const outside =
  /^node:(fs|fs\/promises|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|sqlite|cluster)$/;
/** Packages that belong to adapters. */
const adapterPackages = /^(ky|kysely|pg|openid-client|fastify|@fastify\/.*)$/;

/** Reads a file that is shipped beside it, once, as it is loaded. */
const readsItsOwnAsset = ['src/server/training/launcher.ts'];

const isWiring = (path: string) => path === 'src/server/main.ts' || path.startsWith('src/server/wiring/');

const inRoom = (path: string, room: string) => path.startsWith(`src/server/${room}/`);

function wrong(rule: (one: Import) => boolean): string[] {
  return imports.filter(rule).map(({ from, to }) => `${from} imports ${to}`);
}

test('the scan sees the sources and what they import', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(imports).toContainEqual({
    from: 'src/server/store/session-store.ts',
    to: 'src/server/identity/session-ports.ts',
    typeOnly: true,
  });
  expect(imports).toContainEqual({ from: 'src/cli/serve.ts', to: 'src/server/main.ts', typeOnly: false });
});

test('every imported file is there', () => {
  const known = new Set([
    ...files,
    ...globSync('src/**/*', { cwd: root }).map((file) => file.replaceAll('\\', '/')),
  ]);
  expect(wrong(({ to }) => to.startsWith('src/') && !known.has(to))).toEqual([]);
});

test('the contract imports nothing of the project', () => {
  expect(
    wrong(
      ({ from, to }) =>
        from.startsWith('src/contract/') && to.startsWith('src/') && !to.startsWith('src/contract/'),
    ),
  ).toEqual([]);
});

test('panel and server meet only in the contract', () => {
  expect(
    wrong(
      ({ from, to }) =>
        from.startsWith('src/panel/') && to.startsWith('src/') && !/^src\/(panel|contract)\//.test(to),
    ),
  ).toEqual([]);
  expect(
    wrong(
      ({ from, to }) =>
        from.startsWith('src/server/') && to.startsWith('src/') && !/^src\/(server|contract)\//.test(to),
    ),
  ).toEqual([]);
});

test('the emulators know neither server nor panel', () => {
  expect(
    wrong(
      ({ from, to }) =>
        from.startsWith('src/emulator/') && to.startsWith('src/') && !to.startsWith('src/emulator/'),
    ),
  ).toEqual([]);
});

test('the demo uses the emulators and public entry points only', () => {
  const entries = /^src\/(demo\/|emulator\/|contract\/|cli\/install\.ts$|cli\/run\.ts$|server\/main\.ts$)/;
  expect(
    wrong(({ from, to }) => from.startsWith('src/demo/') && to.startsWith('src/') && !entries.test(to)),
  ).toEqual([]);
});

test('nothing imports the demo but the demo itself, and nothing of production the emulators', () => {
  expect(wrong(({ from, to }) => to.startsWith('src/demo/') && !/^src\/demo\//.test(from))).toEqual([]);
  expect(
    wrong(({ from, to }) => to.startsWith('src/emulator/') && !/^src\/(emulator|demo)\//.test(from)),
  ).toEqual([]);
});

test('domain rooms own their ports: of adapters they know types at most', () => {
  const inDomain = (path: string) => domainRooms.some((room) => inRoom(path, room));
  const inAdapter = (path: string) => adapters.some((room) => inRoom(path, room));
  expect(
    wrong(
      ({ from, to, typeOnly }) => inDomain(from) && inAdapter(to) && !typeOnly && !sharedWords.includes(to),
    ),
  ).toEqual([]);
  const http = ({ from, to }: Import) => inDomain(from) && inRoom(to, 'http') && !sharedWords.includes(to);
  expect(wrong(http)).toEqual([]);
});

test('domain rooms do no I/O of their own', () => {
  const inDomain = (path: string) => domainRooms.some((room) => inRoom(path, room));
  const reaching = ({ from, to, typeOnly }: Import) =>
    inDomain(from) && !typeOnly && (outside.test(to) || adapterPackages.test(to));
  expect(wrong((one) => reaching(one) && !readsItsOwnAsset.includes(one.from))).toEqual([]);
});

test('adapters do not know each other, HTTP or how they are wired', () => {
  const foreign = ({ from, to }: Import) =>
    adapters.some((room) => inRoom(from, room)) &&
    (adapters.some((room) => inRoom(to, room) && !inRoom(from, room)) ||
      inRoom(to, 'http') ||
      isWiring(to)) &&
    !sharedWords.includes(to);
  expect(wrong((one) => foreign(one) && !one.typeOnly)).toEqual([]);
});

test('only main wires: nothing of the server imports it, nor what it wires with', () => {
  const inside = ({ from, to }: Import) => isWiring(to) && from.startsWith('src/server/') && !isWiring(from);
  expect(wrong(inside)).toEqual([]);
});
