import { html } from './html.ts';
import type { Page } from './layout.ts';

/** The sign-in form. `redirectTo` is where to go afterwards; `refused` after a wrong password. */
export function signInPage(view: {
  subUrl: string;
  redirectTo: string;
  name: string;
  refused: boolean;
}): Page {
  return {
    title: 'Sign In',
    classes: 'user signin',
    body: html`<div class="ui middle very relaxed page grid">
  <div class="column tw-flex tw-flex-col tw-gap-4 tw-max-w-2xl tw-m-auto">
    ${view.refused && html`<div class="ui negative message flash-message flash-error"><p>Username or password is incorrect.</p></div>`}
    <div class="ui container fluid">
      <h4 class="ui top attached header center">Sign In</h4>
      <div class="ui attached segment">
        <form class="ui form" action="${view.subUrl}/user/login" method="post">
          <input type="hidden" name="redirect_to" value="${view.redirectTo}">
          <div class="required field${view.refused && ' error'}">
            <label for="user_name">Username or Email Address</label>
            <input id="user_name" type="text" name="user_name" value="${view.name}" autocomplete="username" autofocus required tabindex="1">
          </div>
          <div class="required field${view.refused && ' error'}">
            <label for="password">Password</label>
            <input id="password" name="password" type="password" value="" autocomplete="current-password" required tabindex="2">
          </div>
          <div class="inline field"><div class="ui checkbox"><input id="remember" name="remember" type="checkbox" tabindex="5"><label for="remember">Remember This Device</label></div></div>
          <div class="field"><button class="ui primary button tw-w-full" tabindex="3">Sign In</button></div>
        </form>
      </div>
    </div>
  </div>
</div>`,
  };
}
