import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkspace } from '../../../src/emulator/databricks/workspace.ts';
import { startMlflowServer } from './mlflow-server.ts';

export const counterpartNames = ['emulated workspace', 'mlflow server'] as const;
export type CounterpartName = (typeof counterpartNames)[number];

/** Something that answers MLflow's REST API. */
export interface Counterpart {
  name: CounterpartName;
  host: string;
  /** A bearer token; the mlflow server asks for none. */
  token: string;
}

export interface Counterparts {
  of(name: CounterpartName): Counterpart;
  close(): Promise<void>;
}

/** The emulated workspace, asked as its admin, and a real `mlflow server`, both empty. */
export async function startCounterparts(python: string): Promise<Counterparts> {
  const folder = await mkdtemp(join(tmpdir(), 'workspace-contract-'));
  const workspace = createWorkspace({ dataDir: folder, pythonCacheDir: join(folder, 'python') });
  const close = async () => {
    await workspace.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const host = await workspace.listen({ port: 0 });
    const server = await startMlflowServer(python);
    const both: Record<CounterpartName, Counterpart> = {
      'emulated workspace': { name: 'emulated workspace', host, token: workspace.adminToken },
      'mlflow server': { name: 'mlflow server', host: server.host, token: 'none' },
    };
    return {
      of: (name) => both[name],
      close: async () => void (await Promise.allSettled([server.close(), close()])),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export interface Artifact {
  experiment: string;
  run: string;
  path: string;
  text: string;
}

/** Stores an artifact of a run, as the client of each does it. */
export async function uploadArtifact(
  { name, host, token }: Counterpart,
  { experiment, run, path, text }: Artifact,
): Promise<void> {
  const address =
    name === 'mlflow server'
      ? `mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/${path}`
      : `fs/files/WorkspaceInternal/Mlflow/Artifacts/${experiment}/Runs/${run}/artifacts/${path}`;
  const response = await fetch(`${host}/api/2.0/${address}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    body: text,
  });
  if (!response.ok) throw new Error(`${name}: PUT ${address}: ${response.status} ${await response.text()}`);
}
