import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTemplate } from '../../src/emulator/gitea/template/template.ts';
import { GoFunction, GoStruct, SafeHtml } from '../../src/emulator/gitea/template/value.ts';
import type { TemplatePage } from './pages.ts';

const method = <T>(value: () => T) => new GoFunction([], value);

/** A case as test/templates/go reads it. */
export interface RenderCase extends TemplatePage {
  templates: string;
  subUrl: string;
  kind: { CurrentURL: boolean; Request: boolean; Nonce: boolean };
}

/** A hook of a case by the emulator's own engine, to be held against Go's. */
export function renderEmulated(hook: string, one: RenderCase): string {
  const address = one.subUrl + one.url;
  const data: Record<string, unknown> = { ...one.data };
  if (one.kind.CurrentURL) data.CurrentURL = address;
  if (one.repository !== undefined) {
    const { OwnerName, Name } = one.repository;
    const fields = { ...one.repository, FullName: method(() => `${OwnerName}/${Name}`) };
    data.Repository = new GoStruct('*repo.Repository', fields);
    data.RepoLink = [one.subUrl, ...[OwnerName, Name].map(pathEscape)].join('/');
  }
  if (one.issue !== undefined) data.Issue = new GoStruct('*issues.Issue', { ...one.issue });
  const source = readFileSync(join(one.templates, `${hook}.tmpl`), 'utf8');
  return parseTemplate(hook, source, functions(one, address)).render(data);
}

function functions(one: RenderCase, address: string): Record<string, unknown> {
  const context: Record<string, unknown> = {};
  if (one.kind.Request) {
    const url = new GoStruct('*url.URL', { RequestURI: method(() => address) });
    context._req = new GoStruct('*http.Request', { URL: url });
  }
  if (one.kind.Nonce) context.CspScriptNonce = method(() => 'n0nce+/=');
  return {
    ctx: method(() => new GoStruct('templates.Context', context, { open: true })),
    AppSubUrl: method(() => one.subUrl),
    AssetUrlPrefix: method(() => `${one.subUrl}/assets`),
    svg: new GoFunction(['string'], (name: string) => new SafeHtml(`<svg class="svg ${name}"></svg>`)),
    StringUtils: method(
      () =>
        new GoStruct('*templates.StringUtils', {
          Contains: new GoFunction(['string', 'string'], (text: string, part: string) => text.includes(part)),
        }),
    ),
  };
}

/** Go's url.PathEscape: like encodeURIComponent, but for `$&+=:@`, which may stand in a path, and `!'()*`. */
function pathEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/%(24|26|2B|3D|3A|40)/g, (code) => decodeURIComponent(code))
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
