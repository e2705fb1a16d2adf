import { resolve } from 'node:path';
import type { Command } from './command.ts';
import { installInto, uninstallFrom } from './install.ts';

const root = resolve(import.meta.dirname, '../..');

/** `install`: templates and bundle into Gitea's custom folder, or out of it again. */
export const install: Command = {
  name: 'install',
  summary: 'Put the panel into Gitea’s custom folder, or remove it',
  options: {
    custom: { type: 'string', value: 'DIR', summary: 'Gitea’s custom folder (GITEA_CUSTOM)', required: true },
    panel: {
      type: 'string',
      value: 'DIR',
      summary: 'the built panel; dist/panel of this package by default',
    },
    'public-path': {
      type: 'string',
      value: 'PATH',
      summary: 'where browsers reach the backend; /-/databricks/ by default',
    },
    everywhere: { type: 'boolean', summary: 'show it on every repository, not only on those with the topic' },
    remove: { type: 'boolean', summary: 'take everything out again' },
  },
  usesConfiguration: false,
  async run({ options }, { out }) {
    const installation = {
      customDir: resolve(String(options.custom)),
      panelDist: resolve(String(options.panel ?? `${root}/dist/panel`)),
      templatesDir: `${root}/templates/custom`,
      options: {
        ...(options['public-path'] === undefined ? {} : { publicPath: String(options['public-path']) }),
        everywhere: options.everywhere === true,
      },
    };
    const result =
      options.remove === true ? await uninstallFrom(installation.customDir) : await installInto(installation);
    if (result.changed.length === 0) out('Everything was up to date.');
    for (const file of result.changed) out(`${options.remove === true ? 'removed' : 'written'}: ${file}`);
    for (const { file, line } of result.toDo) {
      out(`${file} is your own: ${options.remove === true ? 'remove this line' : 'add this line'}: ${line}`);
    }
    if (result.changed.length > 0) out('Then: gitea manager reload-templates (or restart Gitea).');
    return 0;
  },
};
