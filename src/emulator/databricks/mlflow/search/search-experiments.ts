import type { Experiment } from '../experiments.ts';
import { parseFilter } from './filter.ts';
import type { Searchable } from './keys.ts';
import { comparing, matcher } from './match.ts';
import { parseOrder } from './order.ts';

const searchable: Searchable = {
  attributes: ['name', 'experiment_id', 'creation_time', 'last_update_time'],
  numericAttributes: ['creation_time', 'last_update_time'],
  listAttributes: [],
};

const attribute = (experiment: Experiment, key: string) =>
  experiment[key as 'name' | 'experiment_id' | 'creation_time' | 'last_update_time'];

/** @throws ApiError 400 for a filter that cannot be read. */
export function parseExperimentFilter(filter: string | undefined): (experiment: Experiment) => boolean {
  return matcher<Experiment>(parseFilter(filter, searchable), (experiment, { type, key }) =>
    type === 'tag' ? experiment.tags.find((tag) => tag.key === key)?.value : attribute(experiment, key),
  );
}

/** @throws ApiError 400 for an order that cannot be read. */
export function parseExperimentOrder(orderBy: string[]): (a: Experiment, b: Experiment) => number {
  return comparing(
    orderBy.map((clause) => {
      const { key, ascending } = parseOrder(clause, searchable.attributes);
      return { ascending, read: (experiment) => attribute(experiment, key) };
    }),
  );
}
