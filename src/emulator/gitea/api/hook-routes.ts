import { Refusal } from '../refusal.ts';
import { withFieldsOf } from '../release.ts';
import type { HookRow } from '../store/rows.ts';
import { subscribedEvents } from '../webhooks/hook-events.ts';
import { timestamp } from '../wire/timestamp.ts';
import { notFound } from './api-error.ts';
import type { Body } from './body.ts';
import { paged } from './paging.ts';
import { requireRepository, requireSiteAdmin } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** Webhooks of a repository, and system webhooks that get every repository's events. */
export function hookRoutes(route: AddRoute): void {
  const places = [
    ['/repos/:owner/:repo/hooks', 'repository', (call: ApiCall) => requireRepository(call, 'admin').id],
    ['/admin/hooks', 'admin', systemOwner],
  ] as const;
  for (const [path, category, owner] of places) {
    const find = (call: ApiCall): HookRow => {
      const repositoryId = owner(call);
      const hook = call.forge.store.hooks.get(call.id('id'));
      if (hook === undefined || hook.repositoryId !== repositoryId) throw notFound();
      return hook;
    };
    route('GET', path, [category], (call) =>
      paged(call, call.forge.store.hooks.list({ repositoryId: owner(call) })).map((hook) =>
        hookJson(call, hook),
      ),
    );
    route('POST', path, [category], (call) => {
      const repositoryId = owner(call);
      return call.created(hookJson(call, call.forge.store.hooks.insert(newHook(call, repositoryId))));
    });
    route('GET', `${path}/:id`, [category], (call) => hookJson(call, find(call)));
    route('PATCH', `${path}/:id`, [category], (call) => {
      const hook = find(call);
      return hookJson(call, call.forge.store.hooks.update(hook.id, changedHook(call, hook)));
    });
    route('DELETE', `${path}/:id`, [category], (call) => {
      const hook = find(call);
      call.forge.store.transaction(() => {
        call.forge.store.deliveries.remove({ hookId: hook.id });
        call.forge.store.hooks.remove({ id: hook.id });
      });
    });
  }
}

/** System webhooks belong to no repository; only site admins have to do with them. */
function systemOwner(call: ApiCall): null {
  requireSiteAdmin(call);
  return null;
}

function newHook(call: ApiCall, repositoryId: number | null): Omit<HookRow, 'id'> {
  const { body, forge } = call;
  const kind = body.required('type');
  if (!['gitea', 'gogs'].includes(kind)) throw new Refusal(422, `Invalid hook type: ${kind}`);
  const config = configOf(body);
  if (!config.url) throw new Refusal(422, 'Missing config option: url');
  if (!config.content_type) throw new Refusal(422, 'Missing config option: content_type');
  if (config.content_type !== 'json') throw new Refusal(422, `Invalid content type: ${config.content_type}`);
  if (!URL.canParse(config.url)) throw new Refusal(422, `Invalid url: ${config.url}`);
  if (repositoryId === null && config.is_system_webhook !== 'true') {
    throw new Refusal(422, 'only system webhooks are supported here: set config.is_system_webhook to "true"');
  }
  return {
    repositoryId,
    kind,
    url: config.url,
    contentType: config.content_type,
    secret: config.secret ?? '',
    events: subscribedEvents(body.texts('events') ?? []),
    branchFilter: body.text('branch_filter') ?? '',
    authorizationHeader: body.text('authorization_header') ?? '',
    isActive: body.flag('active') ?? false,
    created: forge.now(),
    updated: forge.now(),
  };
}

function changedHook(call: ApiCall, hook: HookRow): Partial<HookRow> {
  const { body } = call;
  const config = configOf(body);
  if (config.url !== undefined && !URL.canParse(config.url))
    throw new Refusal(422, `Invalid url: ${config.url}`);
  const events = body.texts('events');
  return {
    url: config.url ?? hook.url,
    secret: config.secret ?? hook.secret,
    events: events === undefined ? hook.events : subscribedEvents(events),
    branchFilter: body.text('branch_filter') ?? hook.branchFilter,
    authorizationHeader: body.text('authorization_header') ?? hook.authorizationHeader,
    isActive: body.flag('active') ?? hook.isActive,
    updated: call.forge.now(),
  };
}

/** `config` holds texts only; Gitea's clients write booleans in it as texts. */
function configOf(body: Body): Record<string, string | undefined> {
  return body.map('config') ?? {};
}

/** A hook as the API shows it: never with its secret. */
function hookJson({ forge }: ApiCall, hook: HookRow) {
  return withFieldsOf(forge.settings.release, 'hook', {
    id: hook.id,
    type: hook.kind,
    branch_filter: hook.branchFilter,
    config: { content_type: hook.contentType, url: hook.url },
    events: hook.events,
    authorization_header: hook.authorizationHeader,
    active: hook.isActive,
    updated_at: timestamp(hook.updated),
    created_at: timestamp(hook.created),
  });
}
