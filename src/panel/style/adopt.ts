import base from './base.css?inline';

const adopted = new Map<string, CSSStyleSheet>();

/**
 * Gives the page a room's style, once, beside the panel's base. Constructed sheets need no inline `<style>`
 * and no request, and pass a strict Content Security Policy.
 */
export function adoptStyle(...sheets: readonly string[]): void {
  for (const text of [base, ...sheets]) {
    if (adopted.has(text)) continue;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    adopted.set(text, sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
}
