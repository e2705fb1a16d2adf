import { join } from 'node:path';
import { writePrivateFile } from './private-file.ts';
import type { DemoUser } from './setup/accounts.ts';

/** What scripts need to know of a running demo: `demo.json` in its folder, mode 600. */
export interface DemoFile {
  /** `name`: which Gitea it is. */
  gitea: { url: string; name: string };
  backend: { url: string };
  workspace: { host: string; token: string };
  users: Pick<DemoUser, 'name' | 'password' | 'permission'>[];
  /** `owner/name` */
  repository: string;
  /** The open pull request; null while there is none. */
  pullRequest: number | null;
  /** `training` while the history is played, then `ready`; `failed` where it stopped. */
  state: 'training' | 'ready' | 'failed';
}

export function writeDemoFile(dataDir: string, demo: DemoFile): void {
  writePrivateFile(join(dataDir, 'demo.json'), `${JSON.stringify(demo, null, 2)}\n`);
}
