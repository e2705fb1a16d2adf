import type { ParameterRule } from '../../contract/run.ts';

/** `.gitea/databricks.yml` of the default branch after parsing; where it was read is recorded with every run. */
export interface RepositoryConfiguration {
  train:
    | { kind: 'entry'; entry: string; dependencies: string | null }
    | { kind: 'job'; job: string /* a name of the binding's jobs */ };
  /** Globs; a change that touches none of them does not train. Empty: everything trains. */
  paths: string[];
  timeoutSeconds: number;
  parameters: ParameterRule[];
  /** Key of a model that the binding names; null: the run registers nothing. */
  model: string | null;
  metrics: {
    primary: string;
    gates: {
      metric: string;
      direction: 'lower' | 'higher';
      limit: number | null;
      /** Allowed worsening against the baseline, a fraction. */
      regression: number | null;
    }[];
  };
  release: { onMerge: 'promote' | 'none' };
}
