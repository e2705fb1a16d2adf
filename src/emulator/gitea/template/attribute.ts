/** What an attribute's value is (src/html/template/attr.go): it decides how a value within it is escaped. */
export type AttributeKind = 'plain' | 'url' | 'js' | 'css' | 'scriptType' | 'name';

const urls = new Set(
  'action archive background cite classid codebase data formaction href icon longdesc manifest poster profile src usemap xmlns'.split(
    ' ',
  ),
);

/** The kind of an attribute by its lower-case name; names that look like URLs are treated as such. */
export function attributeKind(name: string, element: string): AttributeKind {
  if (name === 'type' && element === 'script') return 'scriptType';
  if (name.startsWith('data-')) return byName(name.slice('data-'.length), true);
  const colon = name.indexOf(':');
  if (colon >= 0) {
    if (name.slice(0, colon) === 'xmlns') return 'url';
    return byName(name.slice(colon + 1), false);
  }
  return byName(name, false);
}

function byName(name: string, data: boolean): AttributeKind {
  if (urls.has(name) && !(data && name === 'data')) return 'url';
  if (name === 'style') return 'css';
  if (name.startsWith('on')) return 'js';
  return /src|uri|url/.test(name) ? 'url' : 'plain';
}
