import type { ParameterRule } from '../../../contract/run.ts';
import { Badge } from '../../components/states.tsx';
import { pageLanguage } from '../../format/language.ts';
import type { ParameterValue } from './parameter-values.ts';
import { allowedText, parseParameter } from './parameter-values.ts';

interface Props {
  rule: ParameterRule;
  /** Undefined: as committed. */
  value: ParameterValue | undefined;
  /** The backend's objection to it. */
  problem: string | null;
  onChange: (value: ParameterValue) => void;
}

/** One parameter of a new run. */
export function ParameterRow({ rule, value, problem, onChange }: Props) {
  const id = `dbx-parameter-${rule.name}`;
  const number = new Intl.NumberFormat(pageLanguage(), { maximumFractionDigits: 12, useGrouping: false });
  const differs = value !== undefined && value !== rule.default;
  return (
    <tr>
      <th scope="row" class="dbx-mono">
        <label for={id} title={rule.description}>
          {rule.name}
        </label>
      </th>
      <td>
        <Field id={id} rule={rule} value={value ?? rule.default} onChange={onChange} />
      </td>
      <td>
        {differs ? <Badge>was {String(rule.default)}</Badge> : <span class="dbx-light">as committed</span>}
        {problem !== null && (
          <div class="dbx-change-broken" role="alert">
            {problem}
          </div>
        )}
      </td>
      <td class="dbx-light">{allowedText(rule, (bound) => number.format(bound))}</td>
    </tr>
  );
}

function Field({
  id,
  rule,
  value,
  onChange,
}: {
  id: string;
  rule: ParameterRule;
  value: ParameterValue;
  onChange: (value: ParameterValue) => void;
}) {
  const take = (text: string) => {
    const parsed = parseParameter(rule, text);
    if (parsed !== null) onChange(parsed);
  };
  if (rule.type === 'boolean') {
    return (
      <input
        id={id}
        type="checkbox"
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  }
  if (rule.choices !== undefined) {
    return (
      <select
        id={id}
        class="dbx-input"
        value={String(value)}
        onChange={(event) => take(event.currentTarget.value)}
      >
        {rule.choices.map((choice) => (
          <option key={choice} value={String(choice)}>
            {String(choice)}
          </option>
        ))}
      </select>
    );
  }
  const numeric = rule.type !== 'string';
  return (
    <input
      id={id}
      class="dbx-input"
      required={numeric}
      {...(numeric
        ? { type: 'number', min: rule.min, max: rule.max, step: rule.type === 'integer' ? 1 : 'any' }
        : { type: 'text' })}
      value={String(value)}
      onInput={(event) => take(event.currentTarget.value)}
    />
  );
}
