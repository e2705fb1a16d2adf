import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { ConfigurationError } from '../server/config/load-server-configuration.ts';
import { nearestName } from '../server/config/nearest-name.ts';
import { backup, restore } from './backup-commands.ts';
import type { Command, Given, Output } from './command.ts';
import { UsageError } from './command.ts';
import { doctor } from './doctor.ts';
import { federation } from './federation.ts';
import { install } from './install-command.ts';
import { keysList, keysRotate } from './key-commands.ts';
import { outboxList, outboxRetry } from './outbox-commands.ts';
import { serve } from './serve.ts';
import { auditVerify, jwks, migrate } from './store-commands.ts';

/** Every command, in the order of the list. */
export const commands: readonly Command[] = [
  serve,
  install,
  doctor,
  migrate,
  backup,
  restore,
  auditVerify,
  federation,
  jwks,
  keysList,
  keysRotate,
  outboxList,
  outboxRetry,
];

const defaultConfig = 'gitea-databricks.yml';

function overview(): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'gitea-databricks: Databricks in the pages where Gitea reviews code.',
    '',
    'Usage: gitea-databricks COMMAND [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'gitea-databricks COMMAND --help shows its options.',
  ];
}

function usage(command: Command): string[] {
  const options = Object.entries(command.options).map(([name, { value, summary, required }]) => [
    `--${name}${value ? ` ${value}` : ''}`,
    `${summary}${required ? ' (required)' : ''}`,
  ]);
  if (command.usesConfiguration) {
    options.push([
      '--config FILE',
      `the configuration; GITEA_DATABRICKS_CONFIG or ${defaultConfig} by default`,
    ]);
  }
  const width = Math.max(...options.map(([left]) => left!.length));
  return [
    `${command.summary}.`,
    '',
    `Usage: gitea-databricks ${command.name} [options]`,
    '',
    ...options.map(([left, right]) => `  ${left!.padEnd(width)}  ${right}`),
  ];
}

function find(words: string[]): { command: Command; rest: string[] } {
  const named = commands.find(({ name }) =>
    name.split(' ').every((word, position) => words[position] === word),
  );
  if (named) return { command: named, rest: words.slice(named.name.split(' ').length) };
  const given = words.filter((word) => !word.startsWith('-')).join(' ');
  const near = nearestName(
    given,
    commands.map(({ name }) => name),
  );
  throw new UsageError(
    `There is no command "${given}". ${near ? `Did you mean "${near}"?` : `There are: ${commands.map(({ name }) => name).join(', ')}.`}`,
  );
}

function parse(command: Command, rest: string[]): Given & { help: boolean } {
  const known: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } };
  if (command.usesConfiguration) known.config = { type: 'string', short: 'c' };
  for (const [name, { type }] of Object.entries(command.options)) known[name] = { type };
  try {
    const { values } = parseArgs({ args: rest, options: known, strict: true, allowPositionals: false });
    const options = values as Given['options'];
    const config = String(options.config ?? process.env.GITEA_DATABRICKS_CONFIG ?? defaultConfig);
    return { options, config, help: options.help === true };
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message.split('. To specify', 1)[0]}. See: gitea-databricks ${command.name} --help`,
    );
  }
}

/**
 * Runs one command line.
 *
 * @param words without node and script
 * @returns the exit code: 0 done, 1 failed, 2 the command line is wrong
 */
export async function run(words: string[], output: Output): Promise<number> {
  try {
    if (words.length === 0 || words[0] === '--help' || words[0] === '-h' || words[0] === 'help') {
      for (const line of overview()) output.out(line);
      return words.length === 0 ? 2 : 0;
    }
    const { command, rest } = find(words);
    const given = parse(command, rest);
    if (given.help) {
      for (const line of usage(command)) output.out(line);
      return 0;
    }
    for (const [name, { required, value }] of Object.entries(command.options)) {
      if (required && given.options[name] === undefined) {
        throw new UsageError(`--${name} ${value} is missing. See: gitea-databricks ${command.name} --help`);
      }
    }
    return await command.run(given, output);
  } catch (error) {
    if (error instanceof UsageError) {
      output.err(error.message);
      return 2;
    }
    if (error instanceof ConfigurationError) {
      output.err('The configuration cannot be used:');
      for (const line of error.message.split('\n')) output.err(`  ${line}`);
      return 1;
    }
    output.err(error instanceof Error ? error.message : String(error));
    if (process.env.DEBUG && error instanceof Error && error.stack) output.err(error.stack);
    return 1;
  }
}
