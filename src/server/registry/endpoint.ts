import type { EndpointState } from '../../contract/release.ts';

/** A model version that an endpoint has loaded, with its share of the traffic. */
export interface ServedVersion {
  /** Name of the served entity; routes refer to it. */
  name: string;
  version: number;
  /** 0–100. */
  percentage: number;
  /** Size and scaling as Databricks told them: carried over unchanged into a new configuration. */
  settings: Record<string, unknown>;
}

/** A serving endpoint as read from Databricks. */
export interface Endpoint {
  name: string;
  ready: boolean;
  update: 'idle' | 'in-progress' | 'failed';
  /** Counts up with each configuration: tells whether somebody else changed it in between. */
  configVersion: number;
  /** Versions of the model that was asked for. */
  served: ServedVersion[];
  /** Served entities of other models (or external ones): such an endpoint is not ours to rewrite. */
  others: string[];
  /** What Databricks says about a failed update. */
  message: string | null;
}

/** Whether the version is loaded already, so that only the traffic has to move. */
export function isLoaded(endpoint: Endpoint, version: number): boolean {
  return endpoint.served.some((served) => served.version === version);
}

/** The version that gets all the traffic; null where it is split. */
export function soleVersion(endpoint: Endpoint): number | null {
  return endpoint.served.find((served) => served.percentage === 100)?.version ?? null;
}

/**
 * The configuration in which `version` gets all the traffic and `standby` (what was served before) stays loaded
 * at 0 %, so that going back is a switch of the traffic. Other versions are unloaded.
 */
export function routeTo(endpoint: Endpoint, version: number, standby: number | null): ServedVersion[] {
  const template = endpoint.served.find((served) => served.percentage > 0) ?? endpoint.served[0];
  const entity = (wanted: number, percentage: number): ServedVersion => {
    const loaded = endpoint.served.find((served) => served.version === wanted);
    if (loaded) return { ...loaded, percentage };
    return { name: `v${wanted}`, version: wanted, percentage, settings: template?.settings ?? {} };
  };
  const next = [entity(version, 100)];
  if (standby !== null && standby !== version && isLoaded(endpoint, standby)) next.push(entity(standby, 0));
  return next;
}

/** Whether the endpoint serves just what the configuration says, with nothing pending. */
export function serves(endpoint: Endpoint, served: readonly ServedVersion[]): boolean {
  return endpoint.update === 'idle' && sameTraffic(endpoint.served, served);
}

/** Whether two lists have the same versions with the same shares. */
export function sameTraffic(a: readonly ServedVersion[], b: readonly ServedVersion[]): boolean {
  const key = (list: readonly ServedVersion[]) =>
    list
      .map((entry) => `${entry.version}:${entry.percentage}`)
      .sort()
      .join(' ');
  return key(a) === key(b);
}

/** "v13 100 %, v12 0 %" */
export function describeTraffic(served: readonly ServedVersion[]): string {
  if (served.length === 0) return 'nothing';
  return [...served]
    .sort((a, b) => b.percentage - a.percentage)
    .map((entry) => `v${entry.version} ${entry.percentage} %`)
    .join(', ');
}

/** The endpoint as the panel shows it. */
export function endpointState(endpoint: Endpoint): EndpointState {
  return {
    name: endpoint.name,
    ready: endpoint.ready,
    update: endpoint.update,
    traffic: endpoint.served.map(({ version, percentage }) => ({ version, percentage })),
  };
}
