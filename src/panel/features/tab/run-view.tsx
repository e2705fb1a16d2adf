import { useEffect, useMemo } from 'preact/hooks';
import { Access } from '../../components/access.tsx';
import { Notice, Skeleton } from '../../components/states.tsx';
import { Acts } from '../../models/act.ts';
import { Resource } from '../../models/resource.ts';
import { Artifacts, Comparison, Failure, Parameters, RanWith } from './run-cards.tsx';
import { RunCurves } from './run-curves.tsx';
import { RunChain, RunHeader } from './run-header.tsx';
import { RunTasks } from './run-tasks.tsx';
import type { TabModel } from './tab-model.ts';
import { isUnknownRun, UnknownRun } from './unknown-run.tsx';

/** One run: the chain from commit to release, its metrics against production, tasks, parameters, artifacts. */
export function RunView({ model, id }: { model: TabModel; id: string }) {
  const { api, live, signIn } = model.context;
  const abort = useMemo(() => new AbortController(), []);
  const run = useMemo(() => {
    const resource = new Resource((stop) => api.run(id, stop), abort.signal);
    live.listen(
      (event) => event.kind !== 'run' || event.id === id,
      () => void resource.refresh(),
      abort.signal,
    );
    void resource.refresh();
    return resource;
  }, [api, live, id, abort]);
  useEffect(() => () => abort.abort(), [abort]);
  const acts = useMemo(() => new Acts<'cancel' | 'retry'>(), []);

  const detail = run.data.value;
  if (detail === null) {
    if (run.problem.value === null) return <Skeleton rows={8} label="Loading the run" />;
    if (isUnknownRun(run.problem.value)) return <UnknownRun />;
    return (
      <div class="dbx-card">
        <Access
          problem={run.problem.value}
          signIn={signIn}
          purpose="to see this run"
          retry={() => void run.refresh()}
        />
      </div>
    );
  }
  const refused = acts.now.value.state === 'refused' ? acts.now.value.problem : null;
  return (
    <>
      <RunHeader detail={detail} model={model} acts={acts} refresh={() => void run.refresh()} />
      {refused && <Notice tone="error">{refused.message}</Notice>}
      <RunChain detail={detail} model={model} />
      <div class="dbx-columns">
        <div class="dbx-column">
          {detail.error && <Failure error={detail.error} />}
          <RunCurves detail={detail} model={model} />
          <RunTasks detail={detail} api={api} />
          <Artifacts detail={detail} />
        </div>
        <div class="dbx-column">
          <Comparison detail={detail} />
          <Parameters detail={detail} />
          <RanWith detail={detail} />
        </div>
      </div>
    </>
  );
}
