/** Where a command writes: lines for people or machines, and its faults. */
export interface Output {
  out(line: string): void;
  err(line: string): void;
}

/** What the user asked for, after parsing. */
export interface Given {
  options: Record<string, string | boolean | undefined>;
  /** Where the configuration is: `--config`, else the environment, else the working folder. */
  config: string;
}

/** One command of `gitea-databricks`. */
export interface Command {
  /** One or two words. */
  name: string;
  /** One line for the list. */
  summary: string;
  /** Beside `--config`, which every command takes that has `usesConfiguration`. */
  options: Record<
    string,
    { type: 'string' | 'boolean'; value?: string; summary: string; required?: boolean }
  >;
  usesConfiguration: boolean;
  /** @returns the exit code */
  run(given: Given, output: Output): Promise<number>;
}

/** The command line is wrong; the message says what would be right. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
