import type { ComponentChildren } from 'preact';
import type { Task } from '../../contract/run.ts';
import { durationText } from '../format/time.ts';
import { adoptStyle } from '../style/adopt.ts';
import { useNow } from './clock.ts';
import { Icon } from './icon.tsx';
import { taskBar, timelineLength, timelineStart } from './task-bar.ts';
import css from './task-list.css?inline';
import { taskMark } from './task-mark.ts';

adoptStyle(css);

export interface TaskListProps {
  tasks: readonly Task[];
  /** When the run began, ISO. */
  startedAt: string;
  /** How long such a run takes, in ms, where that is known. */
  expected?: number | null;
  /** What is shown beside the running task: its curve. */
  progress?: ComponentChildren;
}

/** The tasks of a run with a time line: what ran when, and what runs now. */
export function TaskList({ tasks, startedAt, expected = null, progress }: TaskListProps) {
  const running = tasks.some((task) => task.state === 'running');
  const now = useNow(running ? 1_000 : null).getTime();
  const start = timelineStart(tasks, Date.parse(startedAt));
  const length = timelineLength(tasks, start, now, expected);
  return (
    <ol class="dbx-tasks">
      {tasks.map((task) => {
        const mark = taskMark(task.state);
        const bar = taskBar(task, start, length, now);
        return (
          <li key={task.key} class="dbx-task">
            <Icon of={mark.icon} class={`dbx-tone-${mark.tone}`} label={mark.text} />
            <span class="dbx-mono dbx-task-key">{task.key}</span>
            <span class="dbx-task-message">
              {task.message}
              {task.state === 'running' && progress}
            </span>
            <span class="dbx-task-took">{took(task, now)}</span>
            <span class="dbx-task-line" aria-hidden="true">
              {bar && (
                <span
                  class={`dbx-task-bar dbx-task-${task.state}`}
                  style={{ insetInlineStart: `${bar.from * 100}%`, width: `${bar.width * 100}%` }}
                />
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function took(task: Task, now: number): string {
  if (task.startedAt === null) return '';
  const end = task.endedAt === null ? now : Date.parse(task.endedAt);
  return durationText(end - Date.parse(task.startedAt));
}
