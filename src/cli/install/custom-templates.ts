import { createHash } from 'node:crypto';

/** The hooks of Gitea's pages that the panel uses: `templates/custom/<hook>.tmpl`. */
export const hooks = ['header', 'body_inner_post', 'footer', 'extra_tabs'] as const;
export type Hook = (typeof hooks)[number];

export interface TemplateSettings {
  /** Where browsers reach the backend: a path with a trailing slash, or an absolute URL. */
  publicPath: string;
  /** Show the panel on every repository instead of those with the topic `databricks`. */
  everywhere: boolean;
  /** Changes whenever the loader does, so that browsers do not run an old one. */
  build: string;
}

const mark = '{{/* gitea-databricks:';

/** Whether a template was written by us: ours begin with a mark that nobody else's has. */
export function isOurTemplate(text: string): boolean {
  return text.startsWith(mark);
}

/** The line that includes our template of a hook from an admin's own one. */
export function includeLine(hook: Hook): string {
  return `{{template "custom/databricks/${hook}" .}}`;
}

/** Whether a template of somebody else includes ours of that hook, however it is spaced. */
export function includesOurs(text: string, hook: Hook): boolean {
  return new RegExp(`{{-?\\s*template\\s+["\`]custom/databricks/${hook}["\`]\\s+(\\.|\\$)\\s*-?}}`).test(
    text,
  );
}

/**
 * A template of ours with the settings filled in.
 * @throws when the template has no place for a setting that it needs: then it is not of this version.
 */
export function fillTemplate(text: string, settings: TemplateSettings): string {
  if (!isOurTemplate(text)) throw new Error(`the template does not begin with ${mark}`);
  return text
    .replace(/\$base := "[^"]*"/, () => `$base := ${goString(settings.publicPath)}`)
    .replace(/\$build := "[^"]*"/, () => `$build := ${goString(settings.build)}`)
    .replace(/\$everywhere := (true|false)/, () => `$everywhere := ${settings.everywhere}`);
}

/** Ten characters that change with the loader's content. */
export function buildOf(loader: Uint8Array): string {
  return createHash('sha256').update(loader).digest('hex').slice(0, 10);
}

/**
 * @returns the public path as the templates need it, with a trailing slash.
 * @throws when it is neither a path from the root nor an http(s) URL.
 */
export function checkPublicPath(path: string): string {
  const withSlash = path.endsWith('/') ? path : `${path}/`;
  if (/^\/(?!\/)[\w./~%-]+\/$/.test(withSlash)) return withSlash;
  if (/^https?:\/\/[\w.:[\]-]+\/[\w./~%-]*$/.test(withSlash)) return withSlash;
  throw new Error(
    `"${path}" is not a public path: use a path such as /-/databricks/ or an address such as https://dbx.example.com/`,
  );
}

/** A string as a Go template literal; checkPublicPath left nothing in it that needs more than JSON's quotes. */
function goString(text: string): string {
  return JSON.stringify(text);
}
