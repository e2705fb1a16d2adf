import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadServerConfiguration } from '../server/config/load-server-configuration.ts';
import { backUp } from '../server/store/backup.ts';
import { nameOf } from '../server/store/database.ts';
import type { BackupFacts } from '../server/store/inspect-backup.ts';
import { restore as restoreFrom } from '../server/store/restore.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';

function holds({ bytes, entries, head, runs, schema }: BackupFacts): string {
  const size = bytes < 10_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.round(bytes / 1e6)} MB`;
  return `${size}, schema ${schema}, ${runs} runs, ${entries} audit entries, head ${head}`;
}

/** `backup`: beside a running backend. */
export const backup: Command = {
  name: 'backup',
  summary: 'Write the store’s state of this moment into a file; the backend may be running',
  options: {
    to: { type: 'string', value: 'FILE', summary: 'where to; it appears once it is whole', required: true },
    replace: { type: 'boolean', summary: 'a file that is there already may be replaced' },
  },
  usesConfiguration: true,
  async run({ config, options }, { out, err }) {
    const to = resolve(String(options.to));
    if (existsSync(to) && options.replace !== true) {
      throw new UsageError(`${to} is there already: give another name, or --replace.`);
    }
    const { database } = loadServerConfiguration(config);
    const facts = await backUp(database, to);
    out(`${nameOf(database)} is backed up in ${to}: ${holds(facts)}.`);
    out('Keep the encryption key apart from it: without the key, sessions and signing keys cannot be read.');
    if (facts.brokenAt === null) return 0;
    err(`The audit log is broken at entry ${facts.brokenAt}, in the store itself.`);
    return 1;
  },
};

/** `restore`: while no backend serves. */
export const restore: Command = {
  name: 'restore',
  summary: 'Put a backup in the store’s place; no backend may be running',
  options: {
    from: { type: 'string', value: 'FILE', summary: 'what "backup" has written', required: true },
    'broken-audit': { type: 'boolean', summary: 'also where its audit log does not hold together' },
  },
  usesConfiguration: true,
  async run({ config, options }, { out }) {
    const { database } = loadServerConfiguration(config);
    const brokenAudit = options['broken-audit'] === true;
    const from = resolve(String(options.from));
    const { kept, ...facts } = await restoreFrom(database, from, { now: new Date(), brokenAudit });
    out(`${nameOf(database)} is restored: ${holds(facts)}.`);
    if (kept !== null) out(`What was there before is ${kept}.`);
    return 0;
  },
};
