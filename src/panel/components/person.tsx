import type { Person as PersonData } from '../../contract/person.ts';
import { adoptStyle } from '../style/adopt.ts';
import css from './person.css?inline';

adoptStyle(css);

/** Avatar and name of somebody, linked to their page. `root` is Gitea's own path with a slash at the end. */
export function Person({ person, root = '/' }: { person: PersonData; root?: string }) {
  return (
    <a
      class="dbx-person"
      href={`${root}${encodeURIComponent(person.name)}`}
      title={person.fullName || person.name}
    >
      {isImage(person.avatarUrl) && (
        <img src={person.avatarUrl} alt="" width={16} height={16} loading="lazy" />
      )}
      {person.name}
    </a>
  );
}

/** Only what a browser fetches as an image; anything else is left out. */
function isImage(url: string): boolean {
  return url.startsWith('/') || /^https?:\/\//.test(url);
}
