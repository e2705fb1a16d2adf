/** The page's language as Gitea declares it, for `Intl`; English where it is unknown. */
export function pageLanguage(): string {
  const declared = document.documentElement.lang;
  try {
    return Intl.getCanonicalLocales(declared)[0] ?? 'en';
  } catch {
    return 'en';
  }
}
