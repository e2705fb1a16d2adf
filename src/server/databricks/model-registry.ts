import { parse as parseYaml } from 'yaml';
import type { RegisteredVersion } from '../registry/ports.ts';
import type { Signature } from '../registry/signature.ts';
import { DatabricksError } from './error.ts';
import type { WorkspaceHttp } from './workspace-http.ts';

const base = '/api/2.1/unity-catalog/models';

interface ModelAnswer {
  aliases?: { alias_name: string; version_num: number }[];
}

interface VersionsAnswer {
  model_versions?: {
    version: number;
    status?: string;
    run_id?: string;
    created_at?: number;
  }[];
  next_page_token?: string;
}

const statuses: Record<string, RegisteredVersion['status']> = {
  READY: 'ready',
  PENDING_REGISTRATION: 'pending',
};

/** Unity Catalog's models of one workspace (REST 2.1: registered models and model versions). */
export class ModelRegistry {
  readonly #http: WorkspaceHttp;

  constructor(http: WorkspaceHttp) {
    this.#http = http;
  }

  /** All versions, any order; empty where the model does not exist yet. */
  async versions(token: string, model: string): Promise<RegisteredVersion[]> {
    const versions: RegisteredVersion[] = [];
    let page: string | undefined;
    do {
      const answer = await this.#orEmpty<VersionsAnswer>(
        this.#http.json(token, 'GET', `${base}/${encodeURIComponent(model)}/versions`, {
          query: { max_results: 100, page_token: page },
        }),
      );
      for (const version of answer.model_versions ?? []) {
        versions.push({
          version: Number(version.version),
          status: statuses[version.status ?? ''] ?? 'failed',
          run: version.run_id ?? null,
          createdAt: new Date(version.created_at ?? 0).toISOString(),
        });
      }
      page = answer.next_page_token || undefined;
    } while (page);
    return versions;
  }

  /** alias → version; empty where the model does not exist yet. */
  async aliases(token: string, model: string): Promise<Record<string, number>> {
    const answer = await this.#orEmpty<ModelAnswer>(
      this.#http.json(token, 'GET', `${base}/${encodeURIComponent(model)}`, {
        query: { include_aliases: true },
      }),
    );
    return Object.fromEntries(
      (answer.aliases ?? []).map((alias) => [alias.alias_name, Number(alias.version_num)]),
    );
  }

  async setAlias(token: string, model: string, alias: string, version: number): Promise<void> {
    const path = `${base}/${encodeURIComponent(model)}/aliases/${encodeURIComponent(alias)}`;
    await this.#http.json(token, 'PUT', path, { body: { version_num: version } });
  }

  /** Removes the alias; nothing happens where there is none. */
  async removeAlias(token: string, model: string, alias: string): Promise<void> {
    const path = `${base}/${encodeURIComponent(model)}/aliases/${encodeURIComponent(alias)}`;
    await this.#orEmpty<object>(this.#http.json(token, 'DELETE', path));
  }

  /** Names and types of inputs and outputs from the version's MLmodel file; null where it has none. */
  async signature(token: string, model: string, version: number): Promise<Signature | null> {
    const path = `/api/2.0/fs/files/Models/${model.split('.').map(encodeURIComponent).join('/')}/${version}/MLmodel`;
    try {
      const text = new TextDecoder().decode(await this.#http.bytes(token, 'GET', path));
      return readSignature(text);
    } catch (error) {
      if (error instanceof DatabricksError && error.missing) return null;
      throw error;
    }
  }

  async #orEmpty<T extends object>(answer: Promise<T>): Promise<Partial<T>> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof DatabricksError && error.missing) return {};
      throw error;
    }
  }
}

interface Column {
  name?: string;
  type?: string;
  'tensor-spec'?: { dtype?: string; shape?: number[] };
}

function columns(json: unknown): string[] {
  if (typeof json !== 'string') return [];
  return (JSON.parse(json) as Column[]).map((column, index) => {
    const tensor = column['tensor-spec'];
    const type = tensor
      ? `${tensor.dtype ?? 'tensor'}${JSON.stringify(tensor.shape ?? [])}`
      : (column.type ?? 'any');
    return `${column.name ?? `#${index + 1}`} (${type})`;
  });
}

/**
 * The signature block of an MLmodel file (YAML whose `inputs` and `outputs` are JSON texts).
 * Source: mlflow.models.ModelSignature.to_dict.
 */
export function readSignature(mlmodel: string): Signature | null {
  const document = parseYaml(mlmodel) as { signature?: { inputs?: unknown; outputs?: unknown } } | null;
  if (!document?.signature) return null;
  return { inputs: columns(document.signature.inputs), outputs: columns(document.signature.outputs) };
}
