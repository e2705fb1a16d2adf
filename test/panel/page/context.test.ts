import { describe, expect, it } from 'vitest';
import { contextOf } from '../../../src/panel/page/context.ts';

const here = new URL('https://git.example.com/sub/ml/wine/pulls/3?x=1#databricks') as unknown as Location;
const data = {
  base: '/sub/-/databricks/',
  page: 'pull-conversation',
  repository: '7',
  repositoryName: 'ml/wine',
  repositoryLink: '/sub/ml/wine',
  pull: '3',
  user: '2',
  signIn: '/sub/user/login',
};

describe('the context of a page', () => {
  it('is read from the data attributes and the address', () => {
    expect(contextOf(data, here)).toEqual({
      kind: 'pull-conversation',
      base: 'https://git.example.com/sub/-/databricks/',
      repository: { id: 7, fullName: 'ml/wine', link: '/sub/ml/wine' },
      pull: 3,
      user: 2,
      signInUrl: '/sub/user/login?redirect_to=%2Fsub%2Fml%2Fwine%2Fpulls%2F3%3Fx%3D1%23databricks',
    });
  });

  it('has no user where nobody is signed in', () => {
    expect(contextOf({ ...data, user: '' }, here)?.user).toBeNull();
  });

  it('takes a backend on an origin of its own, and adds the slash that relative addresses need', () => {
    expect(contextOf({ ...data, base: 'https://panel.example.com/dbx' }, here)?.base).toBe(
      'https://panel.example.com/dbx/',
    );
  });

  it.each(['', '0', '-1', '3.5', '1e3', ' 3'])('does not take %j for an id', (repository) => {
    expect(contextOf({ ...data, repository }, here)).toBeNull();
  });
});
