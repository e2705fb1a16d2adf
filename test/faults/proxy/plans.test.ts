import { expect, test } from 'vitest';
import { drawn, shuffled } from '../seed.ts';
import { nameOf, routeOf } from './fault.ts';
import { everyFault, explicitPlan, randomPlan } from './plans.ts';

const request = (route: string, nth: number) => {
  const [method = '', path = ''] = route.split(' ');
  return { method, path, route, nth };
};

const routes = ['GET /repositories/*', 'POST /statuses/*', 'PATCH /comments/*'];
const mix = (seed: number, name = 'gitea') => randomPlan({ seed, name, share: 0.3, faults: everyFault });
/** What happens to the first requests of each route. */
const fate = (plan: ReturnType<typeof mix>, order = routes) =>
  Object.fromEntries(
    order.map((route) => [route, Array.from({ length: 200 }, (_, nth) => plan(request(route, nth)))]),
  );

test('the same seed gives the same faults, whatever order the requests come in', () => {
  expect(fate(mix(7))).toEqual(fate(mix(7), routes.toReversed()));
});

test('another seed, and another counterpart, give others', () => {
  expect(fate(mix(7))).not.toEqual(fate(mix(8)));
  expect(fate(mix(7))).not.toEqual(fate(mix(7, 'databricks')));
});

test('as many are met as the share says, and every kind comes', () => {
  const all = Object.values(fate(mix(7))).flat();
  const met = all.filter((fault) => fault !== null);
  expect(met.length / all.length).toBeGreaterThan(0.2);
  expect(met.length / all.length).toBeLessThan(0.4);
  expect(new Set(met.map(nameOf))).toEqual(new Set(everyFault.map(nameOf)));
});

test('a route is never met more often in a row than the plan allows', () => {
  const plan = randomPlan({ seed: 3, name: 'gitea', share: 0.9, faults: everyFault, mostInARow: 2 });
  let inARow = 0;
  for (let nth = 0; nth < 500; nth += 1) {
    inARow = plan(request('GET /', nth)) === null ? 0 : inARow + 1;
    expect(inARow).toBeLessThanOrEqual(2);
  }
});

test('what the plan spares is left alone', () => {
  const spare = ({ path }: { path: string }) => path.startsWith('/statuses');
  const plan = randomPlan({ seed: 3, name: 'gitea', share: 1, faults: everyFault, spare });
  expect(plan(request('POST /statuses/*', 0))).toBeNull();
  expect(plan(request('POST /comments/*', 0))).not.toBeNull();
});

test('an explicit plan happens as it is written', () => {
  const plan = explicitPlan([
    { method: 'POST', path: /^\/statuses\//, fault: { kind: 'lost-answer' }, skip: 1, times: 2 },
    { path: /./, fault: { kind: 'stall' } },
  ]);
  const kinds = [
    'GET /a',
    'POST /statuses/1',
    'POST /statuses/1',
    'POST /statuses/2',
    'POST /statuses/3',
  ].map((route) => plan(request(route, 0))?.kind ?? null);
  expect(kinds).toEqual(['stall', null, 'lost-answer', 'lost-answer', null]);
});

test('routes leave ids and commits out', () => {
  expect(routeOf('POST', `/api/v1/repos/ml/wine/statuses/${'a1'.repeat(20)}`)).toBe(
    'POST /api/v1/repos/ml/wine/statuses/*',
  );
  expect(routeOf('GET', '/api/v1/repositories/12')).toBe('GET /api/v1/repositories/*');
  expect(routeOf('GET', '/api/2.2/jobs/runs/get')).toBe('GET /api/2.2/jobs/runs/get');
});

test('an order is drawn, and nothing is lost by it', () => {
  const list = Array.from({ length: 100 }, (_, index) => index);
  const order = (seed: number) => {
    let count = 0;
    return shuffled(list, () => drawn(seed, count++));
  };
  expect(order(1)).toEqual(order(1));
  expect(order(1)).not.toEqual(list);
  expect(order(1).toSorted((a, b) => a - b)).toEqual(list);
});
