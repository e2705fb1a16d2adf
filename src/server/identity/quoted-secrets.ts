const removed = '[removed]';

/** A JWT, whole or cut off, and what follows a scheme of an authorization header. */
const forms: [RegExp, string][] = [
  [/eyJ[\w-]{8,}(\.[\w-]*){0,2}/g, removed],
  [/\b(bearer|basic|token)(\s+)[\w.~+/=-]{12,}/gi, `$1$2${removed}`],
];

/**
 * What a counterpart says about a call, without the secrets of that call: some servers quote what was sent to them
 * in their errors, and those errors are shown, stored and reported.
 *
 * @param secrets that went along with the call
 */
export function withoutQuotedSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < 6) continue;
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      clean = clean.replaceAll(form, removed);
    }
  }
  for (const [form, replacement] of forms) clean = clean.replace(form, replacement);
  return clean;
}
