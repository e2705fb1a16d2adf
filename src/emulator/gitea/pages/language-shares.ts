/** The colours by which languages are known. */
const colours: Readonly<Record<string, string>> = {
  Python: '#3572A5',
  'Jupyter Notebook': '#DA5B0B',
  TypeScript: '#3178c6',
  JavaScript: '#f1e05a',
  Shell: '#89e051',
  R: '#198CE7',
  Go: '#00ADD8',
  Java: '#b07219',
  CSS: '#663399',
};

export interface LanguageShare {
  readonly name: string;
  readonly colour: string;
  /** One decimal. */
  readonly percent: number;
}

/** Shares of programming languages, largest first. */
export function languageShares(bytes: ReadonlyMap<string, number>): LanguageShare[] {
  const total = [...bytes.values()].reduce((sum, size) => sum + size, 0);
  return [...bytes]
    .sort((a, b) => b[1] - a[1])
    .map(([name, size]) => ({
      name,
      colour: colours[name] ?? '#8b8b8b',
      percent: Math.round((size / total) * 1000) / 10,
    }));
}
