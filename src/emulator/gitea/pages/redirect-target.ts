/** Where to go after signing in: a path of this forge only, never another host. */
export function safeRedirect(target: string | undefined, subUrl: string): string {
  const home = `${subUrl}/`;
  if (target === undefined || !target.startsWith('/') || /^\/[/\\]|[\p{Cc}\\]/u.test(target)) return home;
  // Resolving shows what a browser would make of it.
  const resolved = new URL(target, 'http://forge.invalid');
  if (resolved.origin !== 'http://forge.invalid' || resolved.pathname.startsWith('/user/login')) return home;
  return resolved.pathname + resolved.search + resolved.hash;
}
