/** A commit's short id, linked where an address is known. */
export function Commit({ sha, href }: { sha: string; href?: string }) {
  const short = <code class="dbx-sha">{sha.slice(0, 10)}</code>;
  return href === undefined ? short : <a href={href}>{short}</a>;
}
