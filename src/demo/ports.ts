import { createServer } from 'node:net';

/** @throws with the port and the option that changes it, when something else listens there. */
export async function requireFreePort(port: number): Promise<void> {
  if (await isFree(port)) return;
  throw new Error(
    `port ${port} on 127.0.0.1 is taken: stop what listens there (another demo?), or choose one with --port N` +
      ' (a demo that exists keeps its port; --fresh --port N starts a new one)',
  );
}

/** The port of the last start where it is still free, else another one that is. @param taken given out already */
export async function reusablePort(before: number | undefined, taken: number[]): Promise<number> {
  if (before !== undefined && !taken.includes(before) && (await isFree(before))) return before;
  for (;;) {
    const port = await listenOnce(0);
    if (!taken.includes(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw new Error(`port ${port} may not be used by this user: choose one above 1023 with --port N`);
    }
    throw error;
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address() as { port: number };
      server.close(() => resolve(address.port));
    });
  });
}
