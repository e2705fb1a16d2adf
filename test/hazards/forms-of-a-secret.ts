/** Base64 of a text that stands anywhere inside another one: the part that is the same whatever is around it. */
function insideBase64(secret: string): string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.from(`${'\u0000'.repeat(before)}${secret}`);
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString('base64');
    return before === 0 ? whole : whole.slice(4);
  });
}

/** The forms in which a secret could leak. */
export function formsOf(secret: string): string[] {
  const base64 = insideBase64(secret);
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('hex'),
      ...base64,
      ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
      ...base64.map(encodeURIComponent),
    ]),
  ].filter((form) => form.length >= 12);
}

/** Where secrets are found: `sink: name of the secret`. */
export function leaks(
  secrets: ReadonlyMap<string, string>,
  sinks: Record<string, Buffer | string>,
): string[] {
  const found: string[] = [];
  for (const [secret, name] of secrets) {
    const forms = formsOf(secret);
    for (const [sink, content] of Object.entries(sinks)) {
      const form = forms.find((one) => content.includes(one));
      if (form !== undefined) {
        const bytes = Buffer.from(content);
        const at = bytes.indexOf(form);
        const around = bytes.subarray(Math.max(0, at - 120), at + form.length + 40).toString('utf8');
        found.push(`${sink}: ${name} (…${around.replaceAll(form, '<here>')}…)`);
      }
    }
  }
  return found;
}
