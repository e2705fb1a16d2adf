// What works on every page: menus, popups, copying, actions behind links, the Markdown field.

const popups = [
  ['.js-btn-clone-panel', (button) => button.nextElementSibling],
  ['.js-btn-review', (button) => button.closest('.diff-detail-actions').querySelector('.review-box-panel')],
  ['[data-global-init="initCommitStatuses"]', (button) => button.nextElementSibling],
];

function closeAll(except) {
  for (const menu of document.querySelectorAll('.ui.dropdown.active')) {
    if (menu !== except) menu.classList.remove('active');
  }
  for (const popup of document.querySelectorAll('.tippy-target.is-open')) {
    if (popup !== except) popup.classList.remove('is-open');
  }
}

function toggle(target) {
  for (const [selector, find] of popups) {
    const button = target.closest(selector);
    if (button === null) continue;
    const popup = find(button);
    closeAll(popup);
    const open = popup.classList.toggle('is-open');
    if (button.hasAttribute('aria-expanded')) button.setAttribute('aria-expanded', String(open));
    return true;
  }
  const dropdown = target.closest('.ui.dropdown');
  if (dropdown === null || dropdown.querySelector(':scope > .menu') === null) return false;
  closeAll(dropdown);
  dropdown.classList.toggle('active');
  return true;
}

async function post(address) {
  const response = await fetch(address, { method: 'POST' });
  if (response.redirected) window.location.assign(response.url);
  else window.location.reload();
}

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : undefined;
  if (target === undefined) return;
  const action = target.closest('.link-action[data-url]');
  const copy = target.closest('[data-clipboard-text]');
  const tab = target.closest('[data-tab-for]');
  if (action !== null) {
    event.preventDefault();
    if (action.dataset.confirm === undefined || window.confirm(action.dataset.confirm))
      post(action.dataset.url);
  } else if (copy !== null) {
    navigator.clipboard?.writeText(copy.dataset.clipboardText);
    copy.setAttribute('data-tooltip-content', window.config.i18n.copy_success);
  } else if (tab !== null) showTab(tab);
  else if (target.closest('[data-md]') !== null) insertMarkdown(target.closest('[data-md]'));
  else if (target.closest('.history-back') !== null) window.history.back();
  else if (target.closest('.tippy-target.is-open') !== null) return;
  else if (target.closest('.ui.dropdown > .menu a.item') !== null) return;
  else if (!toggle(target)) closeAll();
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') closeAll();
  const isButton = event.target instanceof Element && event.target.matches('[role="button"][tabindex]');
  if (isButton && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    event.target.click();
  }
});

document.querySelector('#navbar-expand-toggle')?.addEventListener('click', (event) => {
  event.stopPropagation();
  document.querySelector('#navbar').classList.toggle('navbar-menu-open');
});

async function showTab(tab) {
  const editor = tab.closest('.combo-markdown-editor');
  for (const other of editor.querySelectorAll('[data-tab-for]'))
    other.classList.toggle('active', other === tab);
  for (const panel of editor.querySelectorAll('[data-tab-panel]')) {
    panel.classList.toggle('active', panel.dataset.tabPanel === tab.dataset.tabFor);
  }
  if (tab.dataset.tabFor !== 'markdown-previewer') return;
  const text = editor.querySelector('textarea').value;
  const response = await fetch(editor.dataset.previewUrl, {
    method: 'POST',
    body: new URLSearchParams({ text }),
  });
  const panel = editor.querySelector('[data-tab-panel="markdown-previewer"]');
  panel.classList.add('markup');
  panel.innerHTML = response.ok ? await response.text() : window.config.i18n.error_occurred;
}

const around = {
  'md-bold': ['**', '**'],
  'md-italic': ['_', '_'],
  'md-strikethrough': ['~~', '~~'],
  'md-code': ['`', '`'],
  'md-link': ['[', '](url)'],
};
const before = {
  'md-header': '### ',
  'md-quote': '> ',
  'md-unordered-list': '- ',
  'md-ordered-list': '1. ',
  'md-task-list': '- [ ] ',
  'md-mention': '@',
  'md-ref': '#',
};

function insertMarkdown(button) {
  const area = button.closest('.combo-markdown-editor').querySelector('textarea');
  const [open, close] = around[button.dataset.md] ?? [before[button.dataset.md] ?? '', ''];
  const selected = area.value.slice(area.selectionStart, area.selectionEnd);
  area.setRangeText(open + selected + close, area.selectionStart, area.selectionEnd, 'end');
  area.focus();
}
