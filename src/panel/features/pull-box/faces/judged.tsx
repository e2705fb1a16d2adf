import type { PullView } from '../../../../contract/pull.ts';
import { ButtonLink } from '../../../components/button.tsx';
import { checkCircleFillIcon, gitCompareIcon, xCircleFillIcon } from '../../../components/icons.ts';
import { MetricStrip } from '../../../components/metric-strip.tsx';
import { pageLanguage } from '../../../format/language.ts';
import { clockTime } from '../../../format/time.ts';
import { baselineName, candidateName } from '../names.ts';
import { Sentence } from '../sentence.tsx';
import { TrainButton } from '../train-button.tsx';
import type { Face, FaceProps } from './face.ts';

/** A run that passes or fails its gates. */
export const judged: Face = {
  title: (view) => ({
    ...(view.verdict?.outcome === 'pass'
      ? { icon: checkCircleFillIcon, tone: 'pass' }
      : { icon: xCircleFillIcon, tone: 'fail' }),
    title: view.verdict?.title,
    subtitle: comparison(view),
  }),
  Body,
  Buttons,
};

/** With the details open the table takes the strip's place. */
function Body({ view, model }: FaceProps) {
  const { verdict } = view;
  if (verdict === null) return null;
  return (
    <>
      <Sentence text={verdict.summary} names={verdict.metrics.map((row) => row.metric)} />
      {model.open.value === null && verdict.metrics.length > 0 && <MetricStrip rows={verdict.metrics} />}
    </>
  );
}

function Buttons({ view, model, links }: FaceProps) {
  const baseline = baselineName(view);
  const compared = view.verdict?.baseline.run ?? null;
  return (
    <>
      {view.run !== null && baseline !== null && compared !== null && (
        <ButtonLink href={links.compare(compared, view.run.id)} icon={gitCompareIcon}>
          Compare with {baseline.short}
        </ButtonLink>
      )}
      <TrainButton view={view} model={model} />
    </>
  );
}

/** "v13 compared with v12 in production", with the age of what is said while Databricks does not answer. */
function comparison(view: PullView): string {
  const { connection, verdict } = view;
  const baseline = verdict?.baseline;
  const own = candidateName(view);
  const names =
    baseline === undefined || baseline.kind === 'none' ? own : `${own} compared with ${baseline.label}`;
  if (connection.state === 'ok' || connection.asOf === null) return names;
  return `as of ${clockTime(new Date(connection.asOf), new Date(), pageLanguage())}, ${names}`;
}
