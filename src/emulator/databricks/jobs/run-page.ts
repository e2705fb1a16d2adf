import type { FastifyInstance } from 'fastify';
import { paramOf } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { readTaskLog } from '../execution/task-log.ts';
import type { Run, RunStore, TaskRun } from './run-store.ts';
import { renderRun } from './run-view.ts';

/** Of each task's log, in bytes. */
const shownLog = 64 * 1024;

/**
 * `run_page_url`: a run for people. It asks for no sign-in, since the emulator has none for browsers; it is reachable
 * on loopback only, like everything else here.
 */
export function registerRunPage(app: FastifyInstance, context: WorkspaceContext, runs: RunStore): void {
  app.get('/jobs/runs/:id', async (request, reply) => {
    const run = runs.find(Number(paramOf(request, 'id')));
    reply
      .type('text/html; charset=utf-8')
      .header(
        'content-security-policy',
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      )
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'no-store');
    if (!run) return reply.code(404).send(layout('Run not found', '<p>This run does not exist.</p>', false));
    const active = run.state !== 'TERMINATED';
    return reply.send(layout(`${run.settings.name} · run ${run.id}`, renderPage(context, run), active));
  });
}

function renderPage(context: WorkspaceContext, run: Run): string {
  const view = renderRun(context, run, { tasks: false, history: false });
  const facts: [string, string][] = [
    ['State', stateOf(run)],
    ['Run as', run.runAs],
    ['Started', new Date(run.startTime).toISOString()],
    ...(run.endTime > 0
      ? [['Took', `${((run.endTime - run.startTime) / 1000).toFixed(1)} s`] as [string, string]]
      : []),
    ...(run.jobId === undefined ? [] : [['Job', String(run.jobId)] as [string, string]]),
    ...Object.entries(run.parameters),
  ];
  const message = view.state.state_message;
  return `<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>
${message ? `<p>${escapeHtml(message)}</p>` : ''}
${run.tasks.map((task) => renderTaskSection(context, task)).join('\n')}`;
}

function renderTaskSection(context: WorkspaceContext, task: TaskRun): string {
  const log = readTaskLog(context, task, shownLog);
  const trace = task.outcome?.errorTrace ?? task.outcome?.error;
  return `<section><h2>${escapeHtml(task.key)} <small>${escapeHtml(stateOf(task))} · ${task.id}</small></h2>
${trace ? `<h3>Error</h3><pre class="error">${escapeHtml(trace)}</pre>` : ''}
<h3>Log${log.truncated ? ' (its end)' : ''}</h3><pre>${escapeHtml(log.text) || 'empty'}</pre></section>`;
}

const stateOf = ({ state, outcome }: Pick<Run, 'state' | 'outcome'>) => outcome?.result ?? state;

function layout(title: string, body: string, refresh: boolean): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">${refresh ? '<meta http-equiv="refresh" content="3">' : ''}
<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}
pre{background:color-mix(in srgb,currentColor 8%,transparent);padding:.75rem;border-radius:6px;overflow:auto;max-height:40rem}
.error{border-left:3px solid #d1242f}small{font-weight:normal;opacity:.7}h3{font-size:1rem}</style></head>
<body><h1>${escapeHtml(title)}</h1>${body}</body></html>`;
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
