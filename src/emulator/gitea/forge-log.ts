/** Where the forge reports what it does; pino and console fit. */
export interface ForgeLog {
  info(message: string): void;
  error(message: string): void;
}

/** Says nothing. */
export const silentLog: ForgeLog = { info() {}, error() {} };
