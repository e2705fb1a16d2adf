import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';

const groups: readonly (readonly [tag: string, label: string, glyph: string][])[] = [
  [
    ['md-header', 'Add heading', 'octicon-heading'],
    ['md-bold', 'Add bold text', 'octicon-bold'],
    ['md-italic', 'Add italic text', 'octicon-italic'],
    ['md-strikethrough', 'Add strikethrough text', 'octicon-strikethrough'],
  ],
  [
    ['md-quote', 'Quote text', 'octicon-quote'],
    ['md-code', 'Add code', 'octicon-code'],
    ['md-link', 'Add a link', 'octicon-link'],
  ],
  [
    ['md-unordered-list', 'Add a bullet list', 'octicon-list-unordered'],
    ['md-ordered-list', 'Add a numbered list', 'octicon-list-ordered'],
    ['md-task-list', 'Add a list of tasks', 'octicon-tasklist'],
  ],
  [
    ['md-mention', 'Mention a user or team', 'octicon-mention'],
    ['md-ref', 'Reference an issue or pull request', 'octicon-cross-reference'],
  ],
];

/** A Markdown field with the tabs Write and Preview. The toolbar's buttons act in assets/js/editor.js. */
export function editor(repositoryLink: string, placeholder: string, classes = ''): SafeHtml {
  return html`<div class="combo-markdown-editor ${classes}" data-content-mode="comment" data-preview-url="${repositoryLink}/markup">
  <div class="ui top tabular menu">
    <a class="active item" data-tab-for="markdown-writer" tabindex="0" role="button"><span class="resize-for-semibold" data-text="Write">Write</span></a>
    <a class="item" data-tab-for="markdown-previewer" tabindex="0" role="button"><span class="resize-for-semibold" data-text="Preview">Preview</span></a>
  </div>
  <div class="ui tab active" data-tab-panel="markdown-writer">
    <markdown-toolbar>${groups.map(
      (group) => html`
      <div class="markdown-toolbar-group">${group.map(
        ([tag, label, glyph]) =>
          html`<button type="button" class="markdown-toolbar-button" data-md="${tag}" data-tooltip-content="${label}" aria-label="${label}">${icon(glyph)}</button>`,
      )}</div>`,
    )}
    </markdown-toolbar>
    <text-expander><textarea class="markdown-text-editor" name="content" placeholder="${placeholder}" aria-label="${placeholder}"></textarea></text-expander>
  </div>
  <div class="ui tab" data-tab-panel="markdown-previewer">Loading…</div>
</div>`;
}
