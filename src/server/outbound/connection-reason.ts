import { AddressRefused } from './guarded-fetch.ts';

/** Why no answer came, in words or by the system's code: what caused the error in the end. */
export function connectionReason(error: unknown): string {
  let root: unknown = error;
  while (root instanceof Error && root.cause) root = root.cause;
  if (root instanceof AddressRefused) return root.message.replace(/\.$/, '');
  return root instanceof Error ? (root as NodeJS.ErrnoException).code || root.message : String(root);
}
