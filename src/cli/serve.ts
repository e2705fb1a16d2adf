import type { Command } from './command.ts';

/** Resolves when the process is asked to end. */
function asked(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}

/** `serve`: the backend, until it is asked to end. */
export const serve: Command = {
  name: 'serve',
  summary: 'Run the backend',
  options: {},
  usesConfiguration: true,
  async run({ config }, { out }) {
    // Loaded here so that the other commands start without the whole backend.
    const { startBackend } = await import('../server/main.ts');
    const backend = await startBackend({ configFile: config }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error;
      throw new Error(
        `${error.message}. Stop the program that listens there, or set another "listen" in ${config}.`,
      );
    });
    out(`gitea-databricks answers at ${backend.url}`);
    await asked();
    await backend.close();
    return 0;
  },
};
