import type { ProblemError } from '../../api/problem-error.ts';
import { Empty } from '../../components/states.tsx';
import { beakerIcon } from './icons.ts';
import { hashOf } from './route.ts';

/** Whether the address names a run that is not there; one with an impossible id is refused as a bad request. */
export function isUnknownRun({ code }: ProblemError): boolean {
  return code === 'not-found' || code === 'bad-request';
}

/** In place of a run that the address names and this repository does not have. Asking again would not help. */
export function UnknownRun() {
  return (
    <Empty icon={beakerIcon} title="This repository has no such run">
      The address may be incomplete, or of another repository.{' '}
      <a href={hashOf({ view: 'runs' })}>See all runs</a>
    </Empty>
  );
}
