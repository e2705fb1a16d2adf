// Two custom elements under Gitea's names: times relative to now, and a menu whose items move into a popup.

const units = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

class RelativeTime extends HTMLElement {
  static observedAttributes = ['datetime'];
  #timer;

  connectedCallback() {
    this.#show();
    this.#timer = setInterval(() => this.#show(), 30_000);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#show();
  }

  #show() {
    const date = new Date(this.getAttribute('datetime') ?? '');
    if (Number.isNaN(date.getTime())) return;
    const language = document.documentElement.lang || 'en-US';
    const seconds = Math.round((date.getTime() - Date.now()) / 1000);
    const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
    const format = new Intl.RelativeTimeFormat(language, { numeric: unit === 'second' ? 'auto' : 'always' });
    this.textContent = unit === 'second' ? 'now' : format.format(Math.trunc(seconds / size), unit);
    const exact = date.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'long' });
    this.setAttribute('data-tooltip-content', exact);
    this.setAttribute('title', exact);
  }
}

class OverflowMenu extends HTMLElement {
  #items;
  #button;
  #popup;
  #observer;

  connectedCallback() {
    this.#items = this.querySelector('.overflow-menu-items');
    if (this.#items === null) return;
    for (const item of this.#items.querySelectorAll('.item')) wrapText(item);
    this.#observer = new ResizeObserver(() => this.#arrange());
    this.#observer.observe(this);
    this.#arrange();
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
  }

  #arrange() {
    const open = this.#popup !== undefined && !this.#popup.hidden;
    for (const item of this.#popup?.querySelectorAll('.item') ?? []) this.#items.append(item);
    this.#popup?.remove();
    this.#button?.remove();
    this.#popup = undefined;
    this.#button = undefined;
    const width = this.clientWidth;
    const items = [...this.#items.querySelectorAll(':scope > .item')];
    const right = (item) => item.offsetLeft + item.offsetWidth - this.#items.offsetLeft;
    if (items.every((item) => right(item) <= width + 1)) return;
    const hidden = items.filter((item) => right(item) > width - 40);
    this.#button = document.createElement('button');
    this.#button.type = 'button';
    this.#button.className = 'overflow-menu-button';
    this.#button.ariaLabel = window.config.i18n.more_items;
    this.#button.ariaExpanded = String(open);
    this.#button.textContent = '•••';
    this.#button.classList.toggle(
      'active',
      hidden.some((item) => item.classList.contains('active')),
    );
    this.#popup = document.createElement('div');
    this.#popup.className = 'overflow-menu-popup';
    this.#popup.hidden = !open;
    this.#popup.style.display = open ? '' : 'none';
    this.#popup.append(...hidden);
    this.#button.addEventListener('click', () => this.#toggle());
    this.append(this.#button, this.#popup);
  }

  #toggle() {
    this.#popup.hidden = !this.#popup.hidden;
    this.#popup.style.display = this.#popup.hidden ? 'none' : '';
    this.#button.ariaExpanded = String(!this.#popup.hidden);
  }
}

/** Text becomes a span that keeps room for its semibold self, so that activating an item moves nothing. */
function wrapText(item) {
  for (const node of [...item.childNodes]) {
    const text = node.nodeType === Node.TEXT_NODE ? node.textContent.trim() : '';
    if (text === '') continue;
    const span = document.createElement('span');
    span.className = 'resize-for-semibold';
    span.dataset.text = text;
    span.textContent = text;
    node.replaceWith(span);
  }
}

customElements.define('relative-time', RelativeTime);
customElements.define('overflow-menu', OverflowMenu);
