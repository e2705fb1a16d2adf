import { attributeKind } from './attribute.ts';
import type { Context } from './context.ts';
import { advance, initialContext, settle } from './context.ts';
import {
  escapeCssString,
  escapeHtml,
  escapeJsString,
  escapeJsValue,
  escapeUnquoted,
  escapeUrl,
  filterCssValue,
  filterName,
  filterUrl,
  stringify,
} from './escaper.ts';
import type { Sink } from './execute.ts';

/** Collects output and escapes every value for where it stands, as html/template does. */
export class EscapingSink implements Sink {
  readonly #context: Context = initialContext();
  #output = '';

  get output(): string {
    return this.#output;
  }

  text(text: string): void {
    this.#output += advance(this.#context, text);
  }

  value(value: unknown, escaper: 'html' | 'urlquery' | undefined): void {
    if (this.#context.state === 'comment') return;
    settle(this.#context);
    const { state, delimiter } = this.#context;
    const [content, final] = this.#content(value, escaper);
    this.#output += final
      ? content
      : delimiter === 'none'
        ? content
        : delimiter === 'space'
          ? escapeUnquoted(content)
          : escapeHtml(content, 'attribute');
    if (state === 'js') this.#context.regexpAllowed = false;
  }

  /** The value escaped for its language; `true` when no attribute escaping is to follow. */
  #content(value: unknown, escaper: 'html' | 'urlquery' | undefined): [string, boolean] {
    const { state, delimiter } = this.#context;
    switch (state) {
      case 'text':
      case 'rcdata':
      case 'attribute': {
        // A template's own `html` takes the place of the equivalent escaper.
        if (escaper === 'html') return [stringify(value), true];
        if (delimiter === 'space') return [escapeUnquoted(value), true];
        return [escapeHtml(value, state), true];
      }
      case 'url':
        return [this.#url(stringify(value), escaper), false];
      case 'js':
        return [escapeJsValue(value), false];
      case 'jsDouble':
      case 'jsSingle':
        return [escapeJsString(stringify(value)), false];
      case 'jsTemplate':
        return [escapeJsString(stringify(value), '$\x7b}'), false];
      case 'jsRegexp':
        return [escapeJsString(stringify(value), '$()*-.?[]^{|}'), false];
      case 'css':
        return [filterCssValue(value), false];
      case 'cssDouble':
      case 'cssSingle':
        return [escapeCssString(stringify(value)), false];
      case 'attributeName':
        return [filterName(stringify(value), (name) => attributeKind(name, '') === 'plain'), true];
      default:
        return ['', true];
    }
  }

  #url(text: string, escaper: 'html' | 'urlquery' | undefined): string {
    const part = this.#context.urlPart;
    if (part === 'none') this.#context.urlPart = 'path';
    // A template's own `urlquery` takes the place of the equivalent escaper.
    if (escaper === 'urlquery') return part === 'none' ? filterUrl(text) : text;
    if (part === 'query') return escapeUrl(text, 'component');
    return escapeUrl(part === 'none' ? filterUrl(text) : text, 'normalize');
  }
}
