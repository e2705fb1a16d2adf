import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Route } from '../../../src/panel/features/tab/route.ts';
import { hashOf, routeOf } from '../../../src/panel/features/tab/route.ts';

describe('the address of a view', () => {
  it.each<[string, Route]>([
    ['', { view: 'runs' }],
    ['#', { view: 'runs' }],
    ['#/runs', { view: 'runs' }],
    ['#/runs/0mf3', { view: 'run', id: '0mf3' }],
    ['#/models', { view: 'models' }],
    ['#/releases', { view: 'releases' }],
    ['#/audit', { view: 'audit' }],
    ['#/compare/a,b', { view: 'compare', ids: ['a', 'b'] }],
    ['#/compare/a,a,,b', { view: 'compare', ids: ['a', 'b'] }],
    ['#/compare/a,b,c,d', { view: 'compare', ids: ['a', 'b', 'c'] }],
    ['#/compare/', { view: 'runs' }],
    ['#/compare/,', { view: 'runs' }],
    ['#/nowhere/else', { view: 'runs' }],
    ['#/runs/%zz', { view: 'run', id: '%zz' }],
  ])('%j is understood', (hash, route) => {
    expect(routeOf(hash)).toEqual(route);
  });

  it('leads back to the same view, whatever the id', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (id) => {
        expect(routeOf(hashOf({ view: 'run', id }))).toEqual({ view: 'run', id });
        expect(routeOf(hashOf({ view: 'compare', ids: [id] }))).toEqual({ view: 'compare', ids: [id] });
      }),
    );
  });
});
