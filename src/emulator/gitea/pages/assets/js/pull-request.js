// A pull request's pages: the merge form, the list of checks, the title, editing a comment, the comment's button,
// folded files, and (1.27) the merge box that is asked for again while checks are pending.

const click = (selector, act) =>
  document.addEventListener('click', (event) => {
    const found = event.target instanceof Element ? event.target.closest(selector) : null;
    if (found !== null) act(found, event);
  });

function showMergeForm(box, shown) {
  box.querySelector('.merge-action-form').classList.toggle('tw-hidden', !shown);
  box.querySelector('.merge-choice').classList.toggle('tw-hidden', shown);
}
click('.merge-open', (button) => showMergeForm(button.closest('#pull-request-merge-form'), true));
click('.merge-cancel', (button) => showMergeForm(button.closest('#pull-request-merge-form'), false));
click('.merge-style', (item) => {
  const form = item.closest('#pull-request-merge-form');
  const style = item.dataset.mergeStyle;
  form.querySelector('.merge-open .button-text').textContent = item.textContent;
  const submit = form.querySelector('.merge-do');
  submit.value = style;
  submit.textContent = item.textContent;
  const title = form.querySelector('[name="merge_title_field"]');
  title.value = style === 'squash' ? title.dataset.squashTitle : title.dataset.mergeTitle;
  const silent = style === 'rebase' || style === 'fast-forward-only';
  for (const field of form.querySelectorAll('.merge-message-fields'))
    field.classList.toggle('tw-hidden', silent);
});

click('.commit-status-hide-checks', (button) => {
  const list = button.closest('.commit-status-panel').querySelector('.commit-status-list');
  const hidden = list.classList.toggle('is-hidden');
  button.textContent = hidden ? button.dataset.showAll : button.dataset.hideAll;
});

function showTitleEditor(shown) {
  document.querySelector('#issue-title-display').classList.toggle('tw-hidden', shown);
  document.querySelector('#issue-title-editor').classList.toggle('tw-hidden', !shown);
}
click('#issue-title-edit-show', () => showTitleEditor(true));
click('#issue-title-editor .cancel.button', () => showTitleEditor(false));

click('.fold-file', (button) => button.closest('.diff-file-box').classList.toggle('folded'));

click('.edit-content', (item) => {
  const comment = item.closest('.timeline-item');
  const zone = comment.querySelector('.edit-content-zone');
  const shown = comment.querySelector('.render-content');
  const form = document.createElement('form');
  form.className = 'ui form';
  const area = document.createElement('textarea');
  area.value = comment.querySelector('.raw-content').textContent;
  area.ariaLabel = 'Comment';
  const buttons = document.createElement('div');
  buttons.className = 'flex-text-block tw-justify-end tw-mt-2';
  buttons.innerHTML =
    '<button type="button" class="ui cancel button">Cancel</button><button type="submit" class="ui primary button">Save</button>';
  form.append(area, buttons);
  zone.replaceChildren(form);
  const toggle = (editing) => {
    zone.classList.toggle('tw-hidden', !editing);
    shown.classList.toggle('tw-hidden', editing);
  };
  toggle(true);
  buttons.firstElementChild.addEventListener('click', () => toggle(false));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const response = await fetch(zone.dataset.updateUrl, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ content: area.value }),
    });
    if (!response.ok) return window.location.reload();
    shown.innerHTML = (await response.json()).content;
    comment.querySelector('.raw-content').textContent = area.value;
    toggle(false);
  });
});

// The close button says so when it also sends a comment.
const area = document.querySelector('#comment-form textarea');
area?.addEventListener('input', () => {
  const text = document.querySelector('.status-button-text');
  if (text === null) return;
  text.dataset.plain ??= text.textContent;
  const withComment = text.dataset.plain.startsWith('Close') ? 'Close with Comment' : 'Reopen with Comment';
  text.textContent = area.value.trim() === '' ? text.dataset.plain : withComment;
});

// 1.27, from the facts: while checks are pending the whole box is replaced every few seconds.
function poll() {
  const box = document.querySelector('.pull-merge-box[data-pull-merge-box-reloading-interval]');
  if (box === null) return;
  setTimeout(async () => {
    const response = await fetch(`${box.dataset.pullLink}/merge_box`).catch(() => undefined);
    if (response?.status === 204) return window.location.reload();
    if (response?.ok && box.querySelector('.merge-action-form:not(.tw-hidden)') === null) {
      box.outerHTML = await response.text();
    }
    poll();
  }, Number(box.dataset.pullMergeBoxReloadingInterval));
}
poll();
