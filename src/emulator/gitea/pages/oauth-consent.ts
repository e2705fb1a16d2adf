import type { ForgeContext } from '../context.ts';
import { html } from './html.ts';
import { renderPage } from './layout.ts';
import type { PageRequest } from './viewer-of.ts';
import { viewerOf } from './viewer-of.ts';

/** What a person is asked before an application may act for them. */
export interface ConsentView {
  readonly application: { readonly name: string };
  readonly creator: { readonly name: string };
  /** Space separated. */
  readonly scopes: string;
  readonly redirectUri: string;
  /** Fields that the form sends back to `/login/oauth/grant` beside `granted`. */
  readonly hidden: Readonly<Record<string, string>>;
}

/** The consent page, as HTML. */
export function renderConsent(forge: ForgeContext, request: PageRequest, view: ConsentView): string {
  const viewer = viewerOf(forge, request);
  const fields = Object.entries(view.hidden).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return renderPage(viewer, {
    title: 'Authorize Application',
    label: 'Authorize',
    classes: 'user oauth2-authorize-application-box',
    body: html`<div class="ui container tw-max-w-[500px]">
  <h3 class="ui top attached header">Authorize "${view.application.name}" to access your account?</h3>
  <div class="ui attached segment">
    <p>This application was created by <a href="${viewer.subUrl}/${view.creator.name}">@${view.creator.name}</a>.<br>With scopes: <b>${view.scopes}</b></p>
  </div>
  <div class="ui attached segment"><p>You will be redirected to <b>${view.redirectUri}</b> if you authorize this application.</p></div>
  <div class="ui attached segment tw-text-center">
    <form method="post" action="${viewer.subUrl}/login/oauth/grant">
      ${fields}
      <button type="submit" id="authorize-app" name="granted" value="true" class="ui red inline button">Authorize Application</button>
      <button type="submit" name="granted" value="false" class="ui basic primary inline button">Cancel</button>
    </form>
  </div>
</div>`,
  });
}
