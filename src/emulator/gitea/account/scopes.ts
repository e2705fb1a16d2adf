/** What a token can be limited to, in Gitea's order. */
const scopeCategories = [
  'activitypub',
  'admin',
  'misc',
  'notification',
  'organization',
  'package',
  'issue',
  'repository',
  'user',
] as const;
export type ScopeCategory = (typeof scopeCategories)[number];

export type ScopeLevel = 'read' | 'write';

/** Scopes without repetition; `all` swallows the rest. Undefined where one is unknown. */
export function normalScopes(scopes: readonly string[]): string[] | undefined {
  const known = new Set<string>(['all', 'public-only']);
  for (const category of scopeCategories) known.add(`read:${category}`).add(`write:${category}`);
  const given = [...new Set(scopes.map((scope) => scope.trim()).filter((scope) => scope !== ''))];
  if (given.some((scope) => !known.has(scope))) return undefined;
  return given.includes('all') ? given.filter((scope) => scope === 'all' || scope === 'public-only') : given;
}

/** Whether scopes allow a category at a level; writing includes reading. */
export function allows(scopes: readonly string[], category: ScopeCategory, level: ScopeLevel): boolean {
  return (
    scopes.includes('all') ||
    scopes.includes(`write:${category}`) ||
    (level === 'read' && scopes.includes(`read:${category}`))
  );
}
