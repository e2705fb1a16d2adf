import { expect } from 'vitest';
import type { Answer, Client } from '../support.ts';

/** One act as one principal. `name` is the principal's column, for things that each makes for itself. */
export type Act = (as: Client, name: string) => Promise<{ status: number; body: Answer }>;

/** `+` allowed, `-` PERMISSION_DENIED, `?` RESOURCE_DOES_NOT_EXIST, `!` INVALID_PARAMETER_VALUE. */
const signs: Record<string, string> = {
  PERMISSION_DENIED: '-',
  RESOURCE_DOES_NOT_EXIST: '?',
  INVALID_PARAMETER_VALUE: '!',
};

function signOf({ status, body }: { status: number; body: Answer }): string {
  if (status < 400) return '+';
  return signs[body.error_code] ?? String(body.error_code);
}

/**
 * Lets every principal try the act, in the order of the columns, and compares with a row such as `+ + - ?`.
 * @param principals by column
 */
export async function expectRow(principals: Record<string, Client>, act: Act, row: string): Promise<void> {
  const seen: Record<string, string> = {};
  for (const [name, as] of Object.entries(principals)) seen[name] = signOf(await act(as, name));
  const expected = Object.fromEntries(
    Object.keys(principals).map((name, index) => [name, row.split(/\s+/)[index]]),
  );
  expect(seen).toEqual(expected);
}
