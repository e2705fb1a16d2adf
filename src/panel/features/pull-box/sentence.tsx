import { Emphasis } from '../../components/emphasis.tsx';

/** The reason below the title, with metric names in bold; nothing where there is none. */
export function Sentence({ text, names = [] }: { text: string; names?: readonly string[] }) {
  if (text === '') return null;
  return (
    <p class="dbx-sentence">
      <Emphasis text={text} names={names} />
    </p>
  );
}
