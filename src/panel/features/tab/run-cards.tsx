import { useState } from 'preact/hooks';
import type { RunDetail } from '../../../contract/run.ts';
import { MetricTable } from '../../components/metric-table.tsx';

/** Why it failed, with the end of the trace. */
export function Failure({ error }: { error: NonNullable<RunDetail['error']> }) {
  return (
    <section class="dbx-card dbx-failure">
      <h3 class="dbx-card-head">{error.task ? `Failed in ${error.task}` : 'Failed'}</h3>
      <div class="dbx-card-body">
        <p class="dbx-change-broken">{error.message}</p>
        {error.trace && <pre class="dbx-log">{error.trace}</pre>}
      </div>
    </section>
  );
}

/** Its metrics against the baseline; the gate is in the mark. */
export function Comparison({ detail }: { detail: RunDetail }) {
  const { verdict, run } = detail;
  if (verdict === null) return null;
  const candidate = run.version === null ? 'This run' : `v${run.version}`;
  return (
    <section class="dbx-card dbx-comparison">
      <h3 class="dbx-card-head">
        {verdict.baseline.kind === 'none' ? 'Metrics' : `Compared with ${verdict.baseline.label}`}
      </h3>
      <MetricTable rows={verdict.metrics} candidate={candidate} baseline={baselineName(detail)} />
    </section>
  );
}

/** What was logged as parameters, the baseline's beside it. */
export function Parameters({ detail }: { detail: RunDetail }) {
  const [differing, setDiffering] = useState(true);
  const compared = detail.parameters.some((row) => row.baseline !== null);
  const rows = detail.parameters.filter((row) => !compared || !differing || row.value !== row.baseline);
  const others = detail.parameters.length - rows.length;
  if (detail.parameters.length === 0) return null;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        Parameters
        {compared && (
          <label class="dbx-check">
            <input
              type="checkbox"
              checked={differing}
              onChange={(event) => setDiffering(event.currentTarget.checked)}
            />{' '}
            Only what differs
          </label>
        )}
      </h3>
      <table class="dbx-table">
        <thead>
          <tr>
            <th>Parameter</th>
            {compared && <th class="dbx-end">{baselineName(detail)}</th>}
            <th class="dbx-end">This run</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td class="dbx-mono">{row.name}</td>
              {compared && <td class="dbx-end dbx-light">{row.baseline ?? '–'}</td>}
              <td class="dbx-end">
                {compared && row.value !== row.baseline ? (
                  <span class="dbx-differs">{row.value}</span>
                ) : (
                  row.value
                )}
              </td>
            </tr>
          ))}
          {others > 0 && (
            <tr>
              <td class="dbx-light" colSpan={3}>
                {rows.length === 0
                  ? `All ${others} are the same.`
                  : `${others} ${others === 1 ? 'other is' : 'others are'} the same.`}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}

/** Files that the training logged. */
export function Artifacts({ detail: { artifacts } }: { detail: RunDetail }) {
  if (artifacts === null) {
    return (
      <section class="dbx-card">
        <h3 class="dbx-card-head">Artifacts</h3>
        <p class="dbx-card-body dbx-light">Databricks does not tell them right now.</p>
      </section>
    );
  }
  if (artifacts.length === 0) return null;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        Artifacts
        <span class="dbx-light dbx-small">{artifactsText(artifacts)}</span>
      </h3>
      <ul class="dbx-list">
        {artifacts.map((artifact) => (
          <li key={artifact.path}>
            <span class="dbx-mono">
              {artifact.path}
              {artifact.directory && '/'}
            </span>
            <span class="dbx-light">{artifact.size !== null && sizeText(artifact.size)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "2 entries, 5.89 KiB"; without the size where one is unknown, as of a folder. */
function artifactsText(artifacts: NonNullable<RunDetail['artifacts']>): string {
  const count = artifacts.length === 1 ? '1 entry' : `${artifacts.length} entries`;
  if (artifacts.some(({ size }) => size === null)) return count;
  return `${count}, ${sizeText(artifacts.reduce((sum, { size }) => sum + (size ?? 0), 0))}`;
}

/** "v12"; "baseline" where it is no version. */
function baselineName({ verdict }: RunDetail): string {
  return verdict?.baseline.version ? `v${verdict.baseline.version}` : 'baseline';
}

/** Bytes as "38 KiB". */
function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toPrecision(3)} ${units[power - 1]}`;
}

/** Where and as whom it ran. */
export function RanWith({ detail }: { detail: RunDetail }) {
  const { provenance, run } = detail;
  const rows: [string, string | null][] = [
    ['Job', provenance.job],
    ['Databricks run', provenance.databricksRunId],
    ['Identity', provenance.principal],
    ['Configuration', provenance.configurationCommit?.slice(0, 10) ?? null],
    ['Attempt', String(run.attempt)],
    ['Snapshot', provenance.snapshot],
  ];
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">Ran with</h3>
      <dl class="dbx-facts">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd class={name === 'Snapshot' ? 'dbx-mono' : undefined}>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}
