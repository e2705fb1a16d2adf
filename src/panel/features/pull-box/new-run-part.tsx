import { useState } from 'preact/hooks';
import type { PullView } from '../../../contract/pull.ts';
import { Button, PermittedButton } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { infoIcon, playIcon } from '../../components/icons.ts';
import { Commit } from '../../components/states.tsx';
import type { PullModel } from '../../models/pull-model.ts';
import type { BoxLinks } from './links.ts';
import { ParameterRow } from './parameter-row.tsx';
import type { ParameterValue } from './parameter-values.ts';
import { changedParameters } from './parameter-values.ts';

/** Trains the shown commit with other parameters; they start from the committed ones and count once. */
export function NewRunPart({ view, model, links }: { view: PullView; model: PullModel; links: BoxLinks }) {
  const [values, setValues] = useState<Record<string, ParameterValue>>({});
  const changed = changedParameters(view.parameters, values);
  const now = model.acts.now.value;
  const wrong = now.state === 'refused' && now.what === 'train' ? (now.problem.problem?.errors ?? []) : [];
  const submit = async () => {
    if (await model.train(changed)) model.open.value = null;
  };
  return (
    <form
      class="dbx-new-run"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {view.parameters.length === 0 ? (
        <p class="dbx-sentence">
          The repository configuration offers no parameters: the run is as committed.
        </p>
      ) : (
        <table class="dbx-table dbx-parameters">
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">This run</th>
              <th scope="col">
                <span class="dbx-visually-hidden">Compared with the commit</span>
              </th>
              <th scope="col">Allowed</th>
            </tr>
          </thead>
          <tbody>
            {view.parameters.map((rule) => (
              <ParameterRow
                key={rule.name}
                rule={rule}
                value={values[rule.name]}
                problem={wrong.find((error) => error.path.split(/[./]/).includes(rule.name))?.message ?? null}
                onChange={(value) => setValues({ ...values, [rule.name]: value })}
              />
            ))}
          </tbody>
        </table>
      )}
      <p class="dbx-hint">
        <Icon of={infoIcon} /> These values count for this run only. To keep them, commit them to{' '}
        <code>.gitea/databricks.yml</code>.
      </p>
      <div class="dbx-foot">
        <span class="dbx-provenance">
          <span>
            Trains <Commit sha={view.head} href={links.commit(view.head)} />
          </span>
        </span>
        <div class="dbx-foot-end">
          <Button disabled={Object.keys(changed).length === 0} onClick={() => setValues({})}>
            Reset
          </Button>
          <PermittedButton
            id="dbx-new-run"
            type="submit"
            permission={view.actions.train}
            tone="primary"
            icon={playIcon}
            busy={now.state === 'running'}
          >
            Start training
          </PermittedButton>
        </div>
      </div>
    </form>
  );
}
