/**
 * Writes docs/run-states.md from the table that the journal obeys (src/server/training/transitions.ts):
 * `node build/run-states.ts`. A test fails when the committed file is not what this writes.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RunState } from '../src/contract/run.ts';
import type { RunEvent, Sending, Transition } from '../src/server/training/transitions.ts';
import {
  births,
  caredForBy,
  finalStates,
  runStates,
  transitions,
} from '../src/server/training/transitions.ts';

const file = resolve(import.meta.dirname, '../docs/run-states.md');

const sendingWords: Record<Sending, string> = {
  tell: 'status, report',
  upload: '`upload`',
  submit: '`submit`',
  cancel: '`cancel`, where it may go on',
};

const careWords: Record<ReturnType<typeof caredForBy>, string> = {
  person: 'a writer, who approves the commit',
  outbox: 'the outbox: a message `upload` or `submit` waits',
  watcher: 'the watcher of its workspace, at the time in the run’s row',
  nobody: 'nobody: it ended',
};

const rows = Object.entries(transitions) as [RunEvent, Transition][];

/** Mermaid takes no hyphen in the name of a state. */
const mermaidName = (state: RunState) => state.replace('-', '_');

function diagram(): string {
  const named = runStates
    .filter((state) => state.includes('-'))
    .map((state) => `  state "${state}" as ${mermaidName(state)}`);
  // What can happen at any time would hide everything else: it stands in the table.
  const drawn = rows.filter(([, { from }]) => from.length < 6);
  const arrows = new Map<string, string[]>();
  for (const [event, { from, to }] of drawn) {
    for (const state of from) {
      const arrow = `${mermaidName(state)} --> ${mermaidName(to)}`;
      arrows.set(arrow, [...(arrows.get(arrow) ?? []), event]);
    }
  }
  return [
    'stateDiagram-v2',
    ...named,
    ...Object.keys(births).map((state) => `  [*] --> ${state}`),
    ...[...arrows].map(([arrow, events]) => `  ${arrow}: ${events.join(', ')}`),
    ...finalStates.map((state) => `  ${mermaidName(state)} --> [*]`),
  ].join('\n');
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}

const sent = (sends: readonly Sending[]) => sends.map((sending) => sendingWords[sending]).join('; ');

/** The page, as it is committed. */
export function runStatesPage(): string {
  const born = Object.entries(births).map(([to, { means, audit, sends }]) => [
    'created',
    '–',
    to,
    means,
    `\`${audit}\``,
    sent(sends),
  ]);
  const moved = rows.map(([event, { from, to, means, guards, audit, sends }]) => [
    event,
    from.join(', '),
    to,
    [means, ...guards.map(({ says }) => `*${says}*`)].join(' '),
    `\`${audit}\``,
    sent(sends),
  ]);
  return `# States of a run

Written from \`src/server/training/transitions.ts\` by \`node build/run-states.ts\`; do not edit. The journal takes an event
and derives the next state, the audit entry and the outgoing messages from the same table; the store changes a state by
nothing else. What the table does not have cannot be written.

\`\`\`mermaid
${diagram()}
\`\`\`

\`cancelled-by-person\` and \`superseded\` are left out of the picture: they can happen in every state that is not final.

## Who brings it on

${table(
  ['State', 'Who'],
  runStates.map((state) => [state, careWords[caredForBy(state)]]),
)}

## What can happen

In italics: what must hold, else nothing is written. Each row is one transaction with one audit entry. Messages to the
workspace have the key \`run:<id>\`, so that they go out one after the other; when a run ends, those that wait are
withdrawn.

${table(['Event', 'From', 'To', 'Means', 'Audit', 'Sends'], [...born, ...moved])}
`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(file, runStatesPage());
