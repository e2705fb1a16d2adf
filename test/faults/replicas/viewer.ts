import { request } from 'node:http';
import type { ChangeEvent } from '../../../src/contract/event.ts';
import { backendPath } from '../../../src/demo/setup/backend-configuration.ts';

/** An open page that listens to one replica. */
export interface Viewer {
  /** What it heard, in order. */
  heard: ChangeEvent[];
  ended: boolean;
  leave(): void;
}

/** Opens the event stream of one repository. @throws unless it is answered 200 */
export async function watchRepository(origin: string, cookie: string, repository: number): Promise<Viewer> {
  let rest = '';
  return await new Promise((resolve, reject) => {
    const asked = request(
      `${origin}${backendPath}api/v1/events?repositories=${repository}`,
      { headers: { cookie, accept: 'text/event-stream' } },
      (response) => {
        if (response.statusCode !== 200)
          return reject(new Error(`the stream was answered ${response.statusCode}`));
        const viewer: Viewer = { heard: [], ended: false, leave: () => asked.destroy() };
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines)
            if (line.startsWith('data: {')) viewer.heard.push(JSON.parse(line.slice(6)) as ChangeEvent);
        });
        response.on('close', () => {
          viewer.ended = true;
        });
        // Cut off in the middle, which is how a stream ends when its backend is killed.
        response.on('error', () => {});
        resolve(viewer);
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}
