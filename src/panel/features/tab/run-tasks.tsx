import { useEffect, useState } from 'preact/hooks';
import type { RunDetail, TaskOutput } from '../../../contract/run.ts';
import type { RepositoryApi } from '../../api/repository-api.ts';
import { useNow } from '../../components/clock.ts';
import { Icon } from '../../components/icon.tsx';
import { taskMark } from '../../components/run-state.ts';
import { Notice, Skeleton } from '../../components/states.tsx';
import { taskBar, timelineLength, timelineStart } from '../../components/task-bar.ts';
import { Took } from '../../components/time.tsx';

/** The tasks of the Databricks run on one time line; the log of each opens in place. */
export function RunTasks({ detail, api }: { detail: RunDetail; api: RepositoryApi }) {
  const [open, setOpen] = useState<string | null>(null);
  const { tasks, run } = detail;
  const now = useNow(tasks.some((task) => task.state === 'running') ? 1_000 : null).getTime();
  if (tasks.length === 0) return null;
  const start = timelineStart(tasks, Date.parse(run.startedAt ?? run.createdAt));
  const length = timelineLength(tasks, start, now, null);
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        Tasks
        {run.startedAt && (
          <span class="dbx-light dbx-small">
            <Took from={run.startedAt} until={run.endedAt} /> in all
          </span>
        )}
      </h3>
      <ul class="dbx-timeline">
        {tasks.map((task) => {
          const mark = taskMark(task.state);
          const bar = taskBar(task, start, length, now);
          return (
            <li key={task.key}>
              <div class="dbx-timeline-row">
                <Icon of={mark.icon} class={`dbx-tone-${mark.tone}`} label={mark.text} />
                <span class="dbx-mono">{task.key}</span>
                <span class="dbx-timeline-track">
                  {bar && (
                    <span
                      class={`dbx-timeline-bar dbx-bar-${mark.tone}`}
                      style={{
                        insetInlineStart: `${bar.from * 100}%`,
                        width: `${bar.width * 100}%`,
                      }}
                    />
                  )}
                </span>
                <span class="dbx-end dbx-light">
                  {task.startedAt ? <Took from={task.startedAt} until={task.endedAt} /> : mark.text}
                </span>
                <button
                  type="button"
                  class="dbx-plain dbx-link"
                  aria-expanded={open === task.key}
                  onClick={() => setOpen(open === task.key ? null : task.key)}
                >
                  Log
                </button>
              </div>
              {open === task.key && <TaskLog run={run.id} task={task.key} api={api} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function TaskLog({ run, task, api }: { run: string; task: string; api: RepositoryApi }) {
  const [output, setOutput] = useState<TaskOutput | Error | null>(null);
  useEffect(() => {
    let wanted = true;
    const show = (answer: TaskOutput | Error) => {
      if (wanted) setOutput(answer);
    };
    void api.taskOutput(run, task).then(show, show);
    return () => {
      wanted = false;
    };
  }, [api, run, task]);
  if (output === null) return <Skeleton rows={3} label="Loading the log" />;
  if (output instanceof Error) return <Notice tone="warning">{output.message}</Notice>;
  const text = [output.logs, output.errorTrace].filter(Boolean).join('\n');
  return (
    <pre class="dbx-log">
      {output.truncated && '… the beginning is left out\n'}
      {text || output.error || 'The task wrote nothing.'}
    </pre>
  );
}
