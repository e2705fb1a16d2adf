/**
 * JSON as MLflow servers write it: NaN and the infinities stand bare where a number would. They become null,
 * for none of them is a result.
 *
 * @throws SyntaxError when it is no JSON otherwise either
 */
export function parseLenientJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const tokens = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;
    return JSON.parse(text.replace(tokens, (token) => (token.startsWith('"') ? token : 'null')));
  }
}
