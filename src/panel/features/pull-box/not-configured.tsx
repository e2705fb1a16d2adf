import { Icon } from '../../components/icon.tsx';
import { databaseIcon } from '../../components/icons.ts';
import { adoptStyle } from '../../style/adopt.ts';
import css from './not-configured.css?inline';

adoptStyle(css);

/** One line of the time line: there is nothing to see yet, and where that can be changed. */
export function NotConfigured({ tab }: { tab: string }) {
  return (
    <div class="dbx-line">
      <span class="dbx-line-badge">
        <Icon of={databaseIcon} />
      </span>
      <span class="dbx-light">Databricks does not train this repository yet.</span>{' '}
      <a href={tab}>How to set it up</a>
    </div>
  );
}
