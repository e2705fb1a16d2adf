/**
 * Starts the parts in the order in which they need each other, sets them up as an admin would, then plays the
 * example's history in the background. Longer than most modules, since it is the one place that shows the order.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import ky from 'ky';
import { installInto } from '../cli/install.ts';
import { createWorkspace } from '../emulator/databricks/workspace.ts';
import { startBackend } from '../server/main.ts';
import type { DemoArguments } from './arguments.ts';
import { openDataFolder } from './data-folder.ts';
import type { DemoFile } from './demo-file.ts';
import { writeDemoFile } from './demo-file.ts';
import { emulatedForge } from './emulated-forge.ts';
import { startFrontProxy } from './front-proxy.ts';
import { Journal } from './journal.ts';
import { ensurePanel } from './panel-build.ts';
import { requireFreePort, reusablePort } from './ports.ts';
import type { Progress } from './progress.ts';
import { realForge } from './real-forge.ts';
import { demoUsers } from './setup/accounts.ts';
import { backendPath, publicUrl, writeBackendConfiguration } from './setup/backend-configuration.ts';
import type { Production } from './setup/catalog.ts';
import { giteaClient } from './setup/gitea-client.ts';
import type { Issuer } from './setup/principals.ts';
import { createFederationPolicies } from './setup/principals.ts';
import { setUpGitea, setUpRepository, setUpWorkspace } from './setup/set-up.ts';
import { workspaceClient } from './setup/workspace-client.ts';
import { GitClone } from './story/git-clone.ts';
import { playStory } from './story/play-story.ts';
import type { Stage } from './story/stage.ts';
import { readStory } from './story/story.ts';
import { workspaceLog } from './workspace-log.ts';

const repository = 'ml/wine';
const binding = 'wine';
const production: Production = { model: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' };
/** What a workspace takes for these things, shortened: long enough to be seen, short enough to wait for. */
export const demoLatency = { requestMs: 0, servingUpdateMs: 3_000, servingTrafficMs: 400, runStartMs: 500 };

export interface RunningDemo {
  url: string;
  demo: DemoFile;
  /**
   * Plays what is left of the example's history; rejects with what stopped it.
   * @param steps only so many of its first steps
   */
  play(steps?: number): Promise<void>;
  /** Databricks goes away, and comes back with all that it had. */
  outage: { begin(): Promise<void>; end(): Promise<void> };
  /** Ends everything that the demo started. */
  close(): Promise<void>;
}

/** @param root the project's folder @throws with a sentence for the terminal */
export async function runDemo(
  root: string,
  options: DemoArguments,
  progress: Progress,
): Promise<RunningDemo> {
  const folder = openDataFolder(options.dataDir, {
    port: options.port,
    fresh: options.fresh,
    forge: options.realGitea ? 'real' : 'emulated',
  });
  const stop = new AbortController();
  const { signal } = stop;
  const closers: (() => Promise<void> | void)[] = [() => folder.release()];
  const close = async () => {
    stop.abort(new Error('the demo ends'));
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    await requireFreePort(folder.port);
    const innerPorts: Record<string, number> = {};
    for (const side of ['forge', 'workspace', 'backend']) {
      innerPorts[side] = await reusablePort(folder.innerPorts[side], Object.values(innerPorts));
    }
    folder.remember(innerPorts);
    const portOf = (side: string) => innerPorts[side] as number;

    const origins: { forge?: string; backend?: string } = {};
    const front = await startFrontProxy({
      port: folder.port,
      forge: () => origins.forge,
      backend: () => origins.backend,
      backendPath,
    });
    closers.push(() => front.close());
    const rootUrl = front.url;
    const customDir = join(folder.dir, 'gitea-custom');
    await mkdir(customDir, { recursive: true });

    const provide = options.realGitea ? realForge(options.realGitea) : emulatedForge(options.gitea ?? '1.26');
    const forge = await provide({ dataDir: folder.forgeDir, customDir, rootUrl });
    closers.push(() => forge.close());
    origins.forge = await forge.listen(portOf('forge'));
    progress.line(`${forge.name} answers at ${rootUrl}`);
    const panel = putPanelInPlace(root, customDir, progress);
    // Awaited below; until then a failure must not count as unhandled.
    panel.catch(() => {});

    const workspaceLines = workspaceLog(join(folder.dir, 'workspace.log'), progress);
    const openWorkspace = () =>
      createWorkspace({
        dataDir: join(folder.dir, 'workspace'),
        pythonCacheDir: options.pythonCacheDir,
        log: workspaceLines,
        latency: demoLatency,
        resumeRuns: true,
      });
    let workspace = openWorkspace();
    closers.push(() => workspace.close());
    const host = await workspace.listen({ port: portOf('workspace') });
    progress.line(`Databricks (emulated) answers at ${host}`);

    const journal = new Journal(join(folder.dir, 'journal.json'), progress, signal);
    const users = demoUsers(journal);
    const [ada] = users as [(typeof users)[number]];
    await forge.createAdmin(ada.name, ada.password, ada.fullName);
    const address = { host, accountId: workspace.accountId, token: workspace.adminToken };
    const databricks = workspaceClient(address, signal);
    const gitea = await setUpGitea(journal, rootUrl, users, signal);
    const principals = await setUpWorkspace(journal, databricks, production);
    const configFile = writeBackendConfiguration({
      dir: folder.dir,
      rootUrl,
      giteaOrigin: origins.forge,
      listen: `127.0.0.1:${portOf('backend')}`,
      ...gitea,
      workspace: address,
      principals,
      binding,
      repository,
      production,
    });
    const backend = await startBackend({ configFile, logFile: join(folder.dir, 'backend.log') });
    closers.push(() => backend.close());
    origins.backend = `http://127.0.0.1:${portOf('backend')}`;
    progress.line(`The backend answers at ${publicUrl(rootUrl)}`);
    // At each start: the backend may have rotated its keys.
    const issuer = await readIssuer(publicUrl(rootUrl), signal);
    await createFederationPolicies(
      databricks,
      address,
      principals,
      { binding, workspaceName: 'main' },
      issuer,
    );

    const exampleDir = join(root, 'examples', 'wine');
    const story = readStory(exampleDir);
    await setUpRepository(journal, giteaClient(rootUrl, ada, signal), rootUrl, {
      repository,
      description: story.description,
      webhookSecret: gitea.webhookSecret,
    });
    await panel;
    await forge.reloadTemplates();

    const demo: DemoFile = {
      gitea: { url: rootUrl, name: forge.name },
      backend: { url: publicUrl(rootUrl) },
      workspace: { host, token: workspace.adminToken },
      users: users.map(({ name, password, permission }) => ({ name, password, permission })),
      repository,
      pullRequest: journal.known<number>('open pull request') ?? null,
      state: 'training',
    };
    const tell = (changes: Partial<DemoFile>) => writeDemoFile(folder.dir, Object.assign(demo, changes));
    tell({});
    const stage: Stage = {
      exampleDir,
      repository,
      users,
      mayMerge: users
        .filter(({ permission }) => ['admin', 'release'].includes(permission))
        .map(({ name }) => name),
      clone: new GitClone(join(folder.dir, 'clone'), `${rootUrl}${repository}.git`, signal),
      gitea: (user) => giteaClient(rootUrl, user, signal),
      workspace: databricks,
      production,
      principals,
      journal,
      progress,
      signal,
      onPull: (number) => {
        journal.keep('open pull request', number);
        tell({ pullRequest: number });
      },
    };
    const play = async (steps = story.steps.length) => {
      try {
        await playStory({ ...story, steps: story.steps.slice(0, steps) }, stage);
        tell({ state: 'ready' });
      } catch (error) {
        if (!signal.aborted) tell({ state: 'failed' });
        throw error;
      }
    };
    const outage = {
      begin: () => workspace.close(),
      async end() {
        workspace = openWorkspace();
        await workspace.listen({ port: portOf('workspace') });
      },
    };
    return { url: rootUrl, demo, play, outage, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function putPanelInPlace(root: string, customDir: string, progress: Progress): Promise<void> {
  const panelDist = join(root, 'dist', 'panel');
  if (await ensurePanel(root, panelDist)) progress.line('The panel is built');
  await installInto({ customDir, panelDist, templatesDir: join(root, 'templates', 'custom'), options: {} });
}

/** The issuer and its keys, as any client of OpenID Connect finds them. */
async function readIssuer(backendUrl: string, signal: AbortSignal): Promise<Issuer> {
  const { issuer, jwks_uri } = await ky
    .get(new URL('.well-known/openid-configuration', backendUrl), { signal })
    .json<{ issuer: string; jwks_uri: string }>();
  return { issuer, jwks: await ky.get(jwks_uri, { signal }).text() };
}
