import type { RunningDemo } from '../../src/demo/run-demo.ts';

/** One wine, by all that is measured of it. */
export const sample = {
  malic_acid: 1.71,
  ash: 2.43,
  alcalinity_of_ash: 15.6,
  magnesium: 127,
  total_phenols: 2.8,
  flavanoids: 3.06,
  nonflavanoid_phenols: 0.28,
  proanthocyanins: 2.29,
  color_intensity: 5.64,
  hue: 1.04,
  od280_od315: 3.92,
  proline: 1065,
};

/** What is true in a running demo, asked from outside: Gitea and the workspace, by their own APIs. */
export function demoFacts(demo: RunningDemo) {
  /** A call to Gitea's API in a person's name. */
  async function gitea<T>(name: string, path: string, body?: object): Promise<T> {
    const { password } = demo.demo.users.find((one) => one.name === name)!;
    const response = await fetch(`${demo.url}api/v1/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json().catch(() => null)) as T;
  }

  /** A call to the workspace as its admin. */
  async function workspace<T>(path: string, body?: object): Promise<T> {
    const { host, token } = demo.demo.workspace;
    const response = await fetch(`${host}/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** What the endpoint predicts now, and which version says so. */
  async function prediction(): Promise<number> {
    const answer = await workspace<{ predictions: number[] }>('serving-endpoints/wine/invocations', {
      dataframe_records: [sample],
    });
    return answer.predictions[0]!;
  }

  async function champion(): Promise<number> {
    const model = await workspace<{ aliases: { alias_name: string; version_num: number }[] }>(
      'api/2.1/unity-catalog/models/ml.prod.wine?include_aliases=true',
    );
    return model.aliases.find((alias) => alias.alias_name === 'champion')!.version_num;
  }

  async function trafficOf(version: number): Promise<number> {
    const { config } = await workspace<{
      config: {
        served_entities: { name: string; entity_version: string }[];
        traffic_config: {
          routes: { served_entity_name?: string; served_model_name?: string; traffic_percentage: number }[];
        };
      };
    }>('api/2.0/serving-endpoints/wine');
    const entity = config.served_entities.find((one) => one.entity_version === String(version));
    const route = config.traffic_config.routes.find(
      (one) => (one.served_entity_name ?? one.served_model_name) === entity?.name,
    );
    return route?.traffic_percentage ?? 0;
  }

  async function status(sha: string): Promise<{ state: string; description: string } | undefined> {
    const list = await gitea<{ id: number; status: string; description: string; context: string }[]>(
      'wendy',
      `repos/ml/wine/statuses/${sha}`,
    );
    const [newest] = list
      .filter((one) => one.context === 'databricks/train')
      .toSorted((one, other) => other.id - one.id);
    return newest && { state: newest.status, description: newest.description };
  }

  return { gitea, prediction, champion, trafficOf, status };
}
