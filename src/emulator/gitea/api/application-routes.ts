import { createApplication, newSecret } from '../oauth/applications.ts';
import type { Release } from '../release.ts';
import { withFieldsOf } from '../release.ts';
import type { ApplicationRow } from '../store/rows.ts';
import { timestamp } from '../wire/timestamp.ts';
import { notFound } from './api-error.ts';
import { paged } from './paging.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** The caller's OAuth2 applications. The secret is shown when it is made, and never again. */
export function applicationRoutes(route: AddRoute): void {
  const path = '/user/applications/oauth2';
  route('GET', path, ['user'], (call) =>
    paged(call, call.forge.store.applications.list({ userId: call.doer().id })).map((row) =>
      show(call.forge.settings.release, row, ''),
    ),
  );
  route('POST', path, ['user'], (call) => {
    const { row, secret } = createApplication(call.forge, call.doer(), {
      name: call.body.required('name'),
      redirectUris: call.body.texts('redirect_uris') ?? [],
      isConfidential: call.body.flag('confidential_client') ?? false,
      skipSecondaryAuthorization: call.body.flag('skip_secondary_authorization') ?? false,
    });
    return call.created(show(call.forge.settings.release, row, secret));
  });
  route('GET', `${path}/:id`, ['user'], (call) => show(call.forge.settings.release, find(call), ''));
  route('PATCH', `${path}/:id`, ['user'], (call) => {
    const row = find(call);
    const { secret, hash } = newSecret();
    const changed = call.forge.store.applications.update(row.id, {
      name: call.body.text('name') ?? row.name,
      redirectUris: call.body.texts('redirect_uris') ?? row.redirectUris,
      isConfidential: call.body.flag('confidential_client') ?? row.isConfidential,
      skipSecondaryAuthorization:
        call.body.flag('skip_secondary_authorization') ?? row.skipSecondaryAuthorization,
      secretHash: hash,
    });
    return show(call.forge.settings.release, changed, secret);
  });
  route('DELETE', `${path}/:id`, ['user'], (call) => {
    const row = find(call);
    const { store } = call.forge;
    store.transaction(() => {
      for (const grant of store.grants.list({ applicationId: row.id }))
        store.codes.remove({ grantId: grant.id });
      store.grants.remove({ applicationId: row.id });
      store.applications.remove({ id: row.id });
    });
  });
}

function find(call: ApiCall): ApplicationRow {
  const row = call.forge.store.applications.get(call.id('id'));
  if (row === undefined || row.userId !== call.doer().id) throw notFound();
  return row;
}

function show(release: Release, row: ApplicationRow, secret: string) {
  return withFieldsOf(release, 'application', {
    id: row.id,
    name: row.name,
    client_id: row.clientId,
    client_secret: secret,
    confidential_client: row.isConfidential,
    skip_secondary_authorization: row.skipSecondaryAuthorization,
    redirect_uris: row.redirectUris,
    created: timestamp(row.created),
  });
}
