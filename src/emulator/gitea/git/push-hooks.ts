import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { RefUpdate } from '../protection/push-decision.ts';

/**
 * git calls these scripts while it receives a push. They talk to the forge over descriptor 3, a socket that
 * `git http-backend` and `git receive-pack` pass on: name, quarantine and ref updates go out, a line that starts
 * with "ok" or "no", and then the text for the pusher, comes back. Plain sh: nothing else has to be installed.
 */
const script = (name: string) => `#!/bin/sh
{
  echo '${name}'
  echo "$GIT_OBJECT_DIRECTORY"
  echo "$GIT_ALTERNATE_OBJECT_DIRECTORIES"
  cat
  echo
} >&3
IFS= read -r verdict <&3 || exit 1
IFS= read -r text <&3 || exit 1
if [ -n "$text" ]; then echo "$text" >&2; fi
[ "$verdict" = ok ]
`;

/** Writes the hook scripts into a folder and gives the folder, for `core.hooksPath`. */
export async function installPushHooks(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'hooks');
  await mkdir(folder, { recursive: true });
  for (const name of ['pre-receive', 'post-receive']) {
    await writeFile(join(folder, name), script(name), { mode: 0o755 });
  }
  return folder;
}

export interface PushListener {
  /** Decides before anything changes. The environment makes git see the pushed objects. Undefined accepts. */
  before(updates: RefUpdate[], quarantine: NodeJS.ProcessEnv): Promise<string | undefined>;
  /** Acts on what has changed. */
  after(updates: RefUpdate[]): Promise<void>;
}

/** Answers the hook scripts of one push on the forge's end of their socket. */
export async function answerPushHooks(socket: Duplex, listener: PushListener): Promise<void> {
  let lines: string[] = [];
  let rest = '';
  for await (const chunk of socket) {
    rest += String(chunk);
    const parts = rest.split('\n');
    rest = parts.pop()!;
    for (const line of parts) {
      // The first three lines may be empty (no quarantine); after them an empty line ends the message.
      if (line !== '' || lines.length < 3) {
        lines.push(line);
        continue;
      }
      socket.write(await answer(lines, listener));
      lines = [];
    }
  }
}

async function answer(lines: string[], listener: PushListener): Promise<string> {
  const [name, objects, alternates, ...rest] = lines;
  const updates = rest.map((line) => {
    const [before, after, ref] = line.split(' ');
    return { before: before!, after: after!, ref: ref! };
  });
  try {
    if (name === 'post-receive') {
      await listener.after(updates);
      return 'ok\n\n';
    }
    const quarantine =
      objects === '' ? {} : { GIT_OBJECT_DIRECTORY: objects, GIT_ALTERNATE_OBJECT_DIRECTORIES: alternates };
    const refusal = await listener.before(updates, quarantine);
    return refusal === undefined ? 'ok\n\n' : `no\nGitea: ${refusal.replaceAll('\n', ' ')}\n`;
  } catch (error) {
    return `no\nGitea: internal error: ${String(error).replaceAll('\n', ' ').slice(0, 300)}\n`;
  }
}
