import { SafeHtml } from '../template/value.ts';

/** What may stand in an {@link html} template: text is escaped, `SafeHtml` is not, lists are joined. */
export type HtmlValue = string | number | SafeHtml | undefined | null | false | readonly HtmlValue[];

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/** Text as HTML, safe in elements and quoted attributes. NUL becomes U+FFFD, as parsers would read it. */
export function escapeText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').replace(/[&<>"']/g, (character) => entities[character] as string);
}

/** Markup with everything that is put in escaped. Attributes must be quoted; scripts take no values. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): SafeHtml {
  return new SafeHtml(
    strings.reduce(
      (text, string, index) => text + (index === 0 ? '' : render(values[index - 1])) + string,
      '',
    ),
  );
}

function render(value: HtmlValue): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof SafeHtml) return value.html;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeText(String(value));
}

/** A value for a `<script>`: JSON that cannot close the element. */
export function scriptJson(value: unknown): SafeHtml {
  const json = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new SafeHtml(json);
}
