/**
 * The whole surroundings of a backend: both emulators, a proxy with faults before each, one address for people, a
 * configuration as an administrator writes it. Longer than most modules, since it is the one place that shows the order.
 */
import { chmodSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { BackendApi } from '../../../bench/sign-in.ts';
import { signedInCookie, signIn } from '../../../bench/sign-in.ts';
import { startFrontProxy } from '../../../src/demo/front-proxy.ts';
import { Journal } from '../../../src/demo/journal.ts';
import { botName, demoUsers } from '../../../src/demo/setup/accounts.ts';
import {
  backendPath,
  publicUrl,
  writeBackendConfiguration,
} from '../../../src/demo/setup/backend-configuration.ts';
import type { Production } from '../../../src/demo/setup/catalog.ts';
import { adoptProduction, endpointServes } from '../../../src/demo/setup/catalog.ts';
import type { GiteaClient } from '../../../src/demo/setup/gitea-client.ts';
import { giteaClient } from '../../../src/demo/setup/gitea-client.ts';
import { createFederationPolicies } from '../../../src/demo/setup/principals.ts';
import {
  createOrganisation,
  createRepository,
  createWebhook,
  protectBranch,
} from '../../../src/demo/setup/repository.ts';
import { setUpGitea, setUpWorkspace } from '../../../src/demo/setup/set-up.ts';
import type { WorkspaceClient } from '../../../src/demo/setup/workspace-client.ts';
import { workspaceClient } from '../../../src/demo/setup/workspace-client.ts';
import type { Latency } from '../../../src/emulator/databricks/context.ts';
import type { Workspace } from '../../../src/emulator/databricks/workspace.ts';
import { createWorkspace } from '../../../src/emulator/databricks/workspace.ts';
import { createForge } from '../../../src/emulator/gitea/forge.ts';
import { freePort } from '../../free-port.ts';
import { BackendProcess } from '../process/backend-process.ts';
import type { Arming } from '../process/words.ts';
import type { FaultProxy } from '../proxy/fault-proxy.ts';
import { startFaultProxy } from '../proxy/fault-proxy.ts';
import { createBoundJob, jobName } from './bound-job.ts';
import { eventually } from './eventually.ts';
import { ForgeSide } from './forge-side.ts';
import { inProcessPrograms } from './in-process-programs.ts';

export { botName };

export const production: Production = { model: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' };
const binding = 'wine';

/** What the default branch says. Every change of a `.json` file is trained; metrics come from `plan.json`. */
export const repositoryConfiguration = `version: 1
train:
  entry: train.py
  paths: ["*.json", "data/**"]
  timeout: 10m
model: wine
metrics: {primary: rmse, gates: {rmse: {direction: lower, limit: 0.9}}}
release: {on_merge: promote}
`;

/** The same, trained by the job that the binding names. */
export const jobConfiguration = repositoryConfiguration.replace('entry: train.py', `job: ${jobName}`);

export interface WorldOptions {
  /** Full names; `ml/wine` by default. */
  repositories?: string[];
  latency?: Partial<Latency>;
  /** Runs of the workspace beside each other. */
  maxConcurrentRuns?: number;
  /** The backend reaches Gitea and Databricks without the proxies: for what is about amounts. */
  direct?: boolean;
  /** More of the server's configuration, over what the set-up writes. */
  configuration?: Record<string, unknown>;
}

export interface Replica {
  name: string;
  configFile: string;
  /** Origin at which it listens. */
  origin: string;
  logFile: string;
}

export class World {
  readonly folder: string;
  readonly url: string;
  readonly forge: ForgeSide;
  readonly workspace: Workspace;
  /** Before Gitea, as the backend sees it. */
  readonly gitea: FaultProxy;
  /** Before Databricks, as the backend sees it. */
  readonly databricks: FaultProxy;
  /** Databricks as its administrator, past the proxy. */
  readonly admin: WorkspaceClient;
  readonly webhookSecret: string;
  readonly repositories: string[];
  /** Where the front sends what is for a backend; in turn where there are several. */
  readonly backends: string[] = [];
  readonly #facts: Facts;
  #turn = 0;
  #trusted = false;

  private constructor(facts: Facts) {
    this.#facts = facts;
    this.folder = facts.folder;
    this.url = facts.url;
    this.forge = facts.forge;
    this.workspace = facts.workspace;
    this.gitea = facts.gitea;
    this.databricks = facts.databricks;
    this.admin = facts.admin;
    this.webhookSecret = facts.webhookSecret;
    this.repositories = facts.repositories;
  }

  static async open(options: WorldOptions = {}): Promise<World> {
    const closers: (() => unknown)[] = [];
    let world: World | undefined;
    try {
      const facts = await buildWorld(options, closers, () => world?.nextBackend());
      world = new World(facts);
      return world;
    } catch (error) {
      for (const close of closers.toReversed()) await close();
      throw error;
    }
  }

  nextBackend(): string | undefined {
    this.#turn += 1;
    return this.backends[this.#turn % Math.max(1, this.backends.length)];
  }

  /** Public address of the backend, with a trailing slash. */
  get backendUrl(): string {
    return publicUrl(this.url);
  }

  /** The configuration of one replica, at a port of its own. */
  async replica(name: string, more: Record<string, unknown> = {}): Promise<Replica> {
    const port = await freePort();
    const configuration = parse(readFileSync(this.#facts.configFile, 'utf8')) as Record<string, unknown>;
    const configFile = join(this.folder, `${name}.yml`);
    const text = stringify({ ...configuration, listen: `127.0.0.1:${port}`, ...more });
    await writeFile(configFile, text, { mode: 0o600 });
    return {
      name,
      configFile,
      origin: `http://127.0.0.1:${port}`,
      logFile: join(this.folder, `${name}.log`),
    };
  }

  /** Starts a replica's process and waits until it serves. @param aheadMs of its wall clock */
  async start(replica: Replica, aheadMs = 0): Promise<BackendProcess> {
    if (!this.backends.includes(replica.origin)) this.backends.push(replica.origin);
    const { configFile, logFile } = replica;
    const started = await BackendProcess.start({ configFile, logFile, aheadMs }, () =>
      isReady(replica.origin),
    );
    this.#facts.closers.push(() => started.kill());
    await this.trust();
    return started;
  }

  /** Starts a replica's process that is to die before, or soon after, it serves. */
  async startAndDie({ configFile, logFile }: Replica, arming: Arming): Promise<void> {
    const { signal } = await BackendProcess.startAndDie({ configFile, logFile, arming });
    if (signal !== arming.signal)
      throw new Error(`The backend ended by ${signal} instead of ${arming.signal}.`);
  }

  /** Lets Databricks believe the backend's issuer; once, and not before a backend serves. */
  async trust(): Promise<void> {
    if (this.#trusted) return;
    const discovery = new URL('.well-known/openid-configuration', this.backendUrl);
    const { issuer, jwks_uri } = (await (await fetch(discovery)).json()) as {
      issuer: string;
      jwks_uri: string;
    };
    const jwks = await (await fetch(jwks_uri)).text();
    const { address, principals } = this.#facts;
    await createFederationPolicies(
      this.admin,
      address,
      principals,
      { binding, workspaceName: 'main' },
      {
        issuer,
        jwks,
      },
    );
    this.#trusted = true;
  }

  /** What an administrator does before anything is released: the first version gets the alias and an endpoint. */
  async adopt(version: number): Promise<void> {
    await adoptProduction(this.admin, production, version, this.#facts.principals);
    await eventually(`the endpoint serves v${version}`, () =>
      endpointServes(this.admin, production.endpoint, version),
    );
  }

  /** Approvals and a merge list, as a branch that releases has. Status checks are the story's own business. */
  async protect(fullName: string): Promise<void> {
    await protectBranch(this.#facts.giteaAdmin, fullName, 'main', ['ada', 'wendy']);
  }

  /** The backend's API in a person's name. */
  async signIn(name: string): Promise<BackendApi> {
    return await signIn(this.#place(), name);
  }

  /** What a person's browser sends along once it has signed in. */
  async cookieOf(name: string): Promise<string> {
    return await signedInCookie(this.#place(), name);
  }

  #place() {
    return { url: this.url, demo: { users: this.#facts.users, backend: { url: this.backendUrl } } };
  }

  async close(): Promise<void> {
    for (const close of this.#facts.closers.splice(0).toReversed()) await close();
  }
}

interface Facts {
  folder: string;
  url: string;
  forge: ForgeSide;
  workspace: Workspace;
  gitea: FaultProxy;
  databricks: FaultProxy;
  admin: WorkspaceClient;
  giteaAdmin: GiteaClient;
  webhookSecret: string;
  repositories: string[];
  users: { name: string; password: string }[];
  address: { host: string; accountId: string; token: string };
  principals: Parameters<typeof createFederationPolicies>[2];
  configFile: string;
  closers: (() => unknown)[];
}

async function buildWorld(
  options: WorldOptions,
  closers: Facts['closers'],
  backend: () => string | undefined,
): Promise<Facts> {
  const { repositories = ['ml/wine'] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'faults-'));
  // PostgreSQL's files may lie below, of a user who is not the one that runs the tests.
  chmodSync(folder, 0o755);
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const ends = new AbortController();
  closers.push(() => ends.abort(new Error('the world ends')));
  const { signal } = ends;

  const origins: { forge?: string } = {};
  const front = await startFrontProxy({ port: 0, forge: () => origins.forge, backend, backendPath });
  closers.push(() => front.close());
  const customDir = join(folder, 'custom');
  await mkdir(customDir);
  const forge = await createForge({ dataDir: join(folder, 'gitea'), customDir, rootUrl: front.url });
  closers.push(() => forge.close());
  origins.forge = `http://127.0.0.1:${await forge.listen({ port: 0 })}`;
  const workspace = createWorkspace({
    dataDir: join(folder, 'databricks'),
    pythonCacheDir: join(folder, 'python'),
    programs: inProcessPrograms(),
    latency: options.latency ?? {},
    maxConcurrentRuns: options.maxConcurrentRuns ?? 16,
    stopGraceMs: 300,
  });
  closers.push(() => workspace.close());
  const host = await workspace.listen({ port: 0 });
  const gitea = await startFaultProxy(() => origins.forge as string);
  closers.push(() => gitea.close());
  const databricks = await startFaultProxy(() => host);
  closers.push(() => databricks.close());

  const journal = new Journal(join(folder, 'journal.json'), { line() {}, warn() {} }, signal);
  const users = demoUsers(journal);
  for (const [index, { name, password, fullName }] of users.entries())
    await forge.createUser({ name, password, fullName, email: `${name}@example.com`, admin: index === 0 });
  const address = { host, accountId: workspace.accountId, token: workspace.adminToken };
  const admin = workspaceClient(address, signal);
  const [ada] = users as [(typeof users)[number]];
  const facts = await setUpGitea(journal, front.url, users, signal);
  const principals = await setUpWorkspace(journal, admin, production);
  const giteaAdmin = giteaClient(front.url, ada, signal);
  for (const organisation of new Set(repositories.map((name) => name.split('/')[0] as string)))
    await createOrganisation(giteaAdmin, organisation);
  for (const fullName of repositories) {
    await createRepository(giteaAdmin, fullName, '');
    const hook = { url: new URL('webhooks/gitea', publicUrl(front.url)).href, secret: facts.webhookSecret };
    await createWebhook(giteaAdmin, fullName, hook);
  }
  const configFile = writeBackendConfiguration({
    dir: folder,
    rootUrl: front.url,
    giteaOrigin: options.direct ? (origins.forge as string) : gitea.origin,
    listen: '127.0.0.1:0',
    ...facts,
    workspace: { ...address, host: options.direct ? host : databricks.origin },
    principals,
    binding,
    repository: 'ml/*',
    production,
  });
  const written = parse(readFileSync(configFile, 'utf8')) as { bindings: object[] };
  const jobs = { [jobName]: await createBoundJob(admin, principals) };
  const bindings = written.bindings.map((bound) => ({ ...bound, jobs }));
  await writeFile(configFile, stringify({ ...written, bindings, ...options.configuration }));
  return {
    folder,
    url: front.url,
    forge: new ForgeSide(forge),
    workspace,
    gitea,
    databricks,
    admin,
    giteaAdmin,
    webhookSecret: facts.webhookSecret,
    repositories,
    users,
    address,
    principals,
    configFile,
    closers,
  };
}

async function isReady(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}${backendPath}health/ready`)).ok;
  } catch {
    return false;
  }
}
