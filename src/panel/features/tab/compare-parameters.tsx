import { useState } from 'preact/hooks';
import type { RunDetail } from '../../../contract/run.ts';
import { parameterRows } from './compare-rows.ts';

/** Rows of the comparison: the parameters that differ, the others on request. */
export function CompareParameters({ details }: { details: readonly RunDetail[] }) {
  const [all, setAll] = useState(false);
  const rows = parameterRows(details);
  const same = rows.filter((row) => !row.differs).length;
  if (rows.length === 0) return null;
  return (
    <tbody>
      <tr class="dbx-compare-section">
        <th colSpan={details.length + 1}>
          <span>
            <b>{same === rows.length ? 'Parameters: none differs' : 'Parameters that differ'}</b>
            {same > 0 && (
              <label>
                <input
                  type="checkbox"
                  checked={all}
                  onChange={(event) => setAll(event.currentTarget.checked)}
                />{' '}
                {`Show the ${same} that are the same`}
              </label>
            )}
          </span>
        </th>
      </tr>
      {rows
        .filter((row) => all || row.differs)
        .map((row) => (
          <tr key={row.name}>
            <th scope="row" class="dbx-mono">
              {row.name}
            </th>
            {row.values.map((value, index) => (
              <td key={details[index]?.run.id} class="dbx-end">
                <span class={index > 0 && value !== row.values[0] ? 'dbx-differs' : undefined}>
                  {value ?? '–'}
                </span>
              </td>
            ))}
          </tr>
        ))}
    </tbody>
  );
}
