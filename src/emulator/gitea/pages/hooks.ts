import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from '../template/template.ts';
import { parseTemplate, TemplateFailure } from '../template/template.ts';
import { TemplateError } from '../template/template-error.ts';
import { SafeHtml } from '../template/value.ts';
import { escapeText } from './html.ts';
import { templateFunctions } from './template-data.ts';
import type { Viewer } from './viewer.ts';

/** The places where Gitea includes templates/custom/NAME.tmpl. */
export type HookName =
  | 'header'
  | 'body_outer_pre'
  | 'body_inner_pre'
  | 'body_inner_post'
  | 'body_outer_post'
  | 'footer'
  | 'extra_links'
  | 'extra_tabs'
  | 'extra_links_footer';

// Pages mark the places; the marks cannot be guessed, so that no content can fake one.
const secret = randomBytes(12).toString('hex');
const mark = new RegExp(`<!--hook-${secret}:([a-z_]+)-->`, 'g');

/** Marks the place of a hook within a page. */
export function hook(name: HookName): SafeHtml {
  return new SafeHtml(`<!--hook-${secret}:${name}-->`);
}

interface Parsed {
  readonly stamp: string;
  readonly template: Template | TemplateError;
}
const parsed = new Map<string, Parsed>();

/** The template of a hook, parsed again when its file changed; undefined where there is none. */
function load(viewer: Viewer, name: string): Template | TemplateError | undefined {
  const path = join(viewer.forge.settings.customDir, 'templates/custom', `${name}.tmpl`);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) return undefined;
  const stamp = `${found.mtimeMs} ${found.size} ${found.ino}`;
  const known = parsed.get(path);
  if (known?.stamp === stamp) return known.template;
  let template: Template | TemplateError;
  try {
    template = parseTemplate(`custom/${name}`, readFileSync(path, 'utf8'), templateFunctions(viewer), {
      fieldOfMissing: 'error',
    });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    template = error;
  }
  parsed.set(path, { stamp, template });
  return template;
}

/**
 * Renders the hooks of a page in the order of the document. One that fails ends the page there with the error's
 * text, still with status 200, as Gitea 1.26 does (facts: tried).
 */
export function renderHooks(viewer: Viewer, page: string, data: Record<string, unknown>): string {
  let out = '';
  let from = 0;
  for (const match of page.matchAll(mark)) {
    const name = match[1] as string;
    out += page.slice(from, match.index);
    from = match.index + match[0].length;
    const template = load(viewer, name);
    if (template === undefined) continue;
    if (template instanceof TemplateError) return out + failure(name, template);
    try {
      out += template.render(data, templateFunctions(viewer));
    } catch (error) {
      if (!(error instanceof TemplateFailure)) throw error;
      viewer.forge.log.error(`a custom template failed: ${error.message}`);
      return out + error.output + failure(name, error);
    }
  }
  return out + page.slice(from);
}

function failure(name: string, error: Error): string {
  return escapeText(`Render failed, failed to render template: custom/${name}, error: ${error.message}`);
}
