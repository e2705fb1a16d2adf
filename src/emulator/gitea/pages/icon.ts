import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SafeHtml } from '../template/value.ts';
import { escapeText } from './html.ts';

interface Octicon {
  readonly heights: Readonly<Record<string, { readonly width: number; readonly path: string }>>;
}

const require = createRequire(import.meta.url);
const octicons = require('@primer/octicons/build/data.json') as Readonly<Record<string, Octicon>>;
const ownName = /^[a-z0-9][a-z0-9_.-]*$/i;

/**
 * An icon as Gitea's `svg` function gives it: `octicon-NAME` from Primer, any other name from
 * `<customDir>/public/assets/img/svg/NAME.svg`. An unknown name gives nothing, as in Gitea. `size` in pixels.
 */
export function icon(name: string, size = 16, classes = '', customDir?: string): SafeHtml {
  const own = customDir === undefined ? undefined : ownIcon(join(customDir, 'public/assets/img/svg'), name);
  const all = escapeText([classes, 'svg', name].filter((part) => part !== '').join(' '));
  if (own !== undefined) {
    const body = own
      .replace(/^[\s\S]*?(?=<svg)/, '')
      .replace(/\s(?:width|height|class)="[^"]*"(?=[^<]*>)/g, (attribute, offset: number) =>
        offset < own.indexOf('>') ? '' : attribute,
      );
    return new SafeHtml(
      body.replace('<svg', `<svg class="${all}" width="${size}" height="${size}" aria-hidden="true"`),
    );
  }
  const octicon = name.startsWith('octicon-') ? octicons[name.slice('octicon-'.length)] : undefined;
  const glyph = octicon?.heights[size >= 24 && octicon.heights['24'] ? '24' : '16'];
  if (octicon === undefined || glyph === undefined) return new SafeHtml('');
  const height = glyph === octicon.heights['24'] ? 24 : 16;
  return new SafeHtml(
    `<svg viewBox="0 0 ${glyph.width} ${height}" class="${all}" aria-hidden="true" width="${size}" height="${size}">${glyph.path}</svg>`,
  );
}

function ownIcon(folder: string, name: string): string | undefined {
  if (!ownName.test(name)) return undefined;
  const path = join(folder, `${name}.svg`);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined;
}
