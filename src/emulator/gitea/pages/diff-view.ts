import { createHash } from 'node:crypto';
import type { SafeHtml } from '../template/value.ts';
import { highlight } from './highlight.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { encodePath, plural } from './parts.ts';
import type { PatchFile, PatchLine } from './patch.ts';

/** `+1 −1` and the bar beside it. */
export function diffStats(additions: number, deletions: number, classes = ''): SafeHtml {
  const total = additions + deletions;
  return html`<div class="flex-text-block tw-flex-shrink-0 tw-text-[13px] ${classes}"><span>${additions > 0 && html`<span class="tw-text-diff-added-fg">+${additions}</span> `}${deletions > 0 && html`<span class="tw-text-diff-removed-fg">-${deletions}</span>`}</span><span class="diff-stats-bar" data-tooltip-content="${total} changes: ${additions} additions and ${deletions} deletions"><div class="diff-stats-add-bar" style="width: ${total === 0 ? 0 : Math.round((additions / total) * 100)}%"></div></span></div>`;
}

/** How many files changed, and by how much: the line above a diff. */
export function diffSummary(files: readonly PatchFile[]): SafeHtml {
  const sum = (key: 'additions' | 'deletions') => files.reduce((total, file) => total + file[key], 0);
  return html`<div class="diff-detail-stats tw-flex tw-items-center tw-flex-wrap">${icon('octicon-diff', 16, 'tw-mr-1')}<strong> ${files.length} changed ${plural(files.length, 'file')}</strong>&nbsp;with <strong>&nbsp;${sum('additions')} additions</strong>&nbsp;and <strong>&nbsp;${sum('deletions')} deletions</strong></div>`;
}

/** The boxes of a diff, one per file. `sourceLink` is where the files of its head commit lie. */
export function diffFiles(files: readonly PatchFile[], sourceLink: string): SafeHtml {
  return html`<div id="diff-container"><div id="diff-file-boxes" class="sixteen wide column">${files.map((file) => fileBox(file, sourceLink))}</div></div>`;
}

function fileBox(file: PatchFile, sourceLink: string): SafeHtml {
  const id = createHash('sha1').update(file.newPath).digest('hex');
  const name = file.kind === 'renamed' ? `${file.oldPath} → ${file.newPath}` : file.newPath;
  const copy = html`<button class="btn interact-fg tw-p-2 tw-shrink-0" type="button" data-clipboard-text="${file.newPath}" data-tooltip-content="Copy path" aria-label="Copy path">${icon('octicon-copy')}</button>`;
  return html`
<div class="diff-file-box file-content tab-size-4 tw-mt-0" id="diff-${id}" data-old-filename="${file.oldPath}" data-new-filename="${file.newPath}">
  <div class="diff-file-header sticky-2nd-row ui top attached header">
    <div class="diff-file-name tw-flex tw-flex-1 tw-items-center tw-gap-1 tw-flex-wrap">
      <div class="flex-text-block">
        <button class="fold-file btn interact-bg tw-flex-shrink-0 tw-p-1" type="button" aria-label="Fold">${icon('octicon-chevron-down', 18)}</button>
        <a class="muted file-link tw-font-mono" title="${name}" href="#diff-${id}">${name}</a>
      </div>
      ${copy}
    </div>
    <div class="diff-file-header-actions flex-text-block tw-justify-end tw-flex-wrap">
      ${diffStats(file.additions, file.deletions)}
      ${file.kind !== 'deleted' && html`<a class="ui tiny basic button" rel="nofollow" href="${sourceLink}/${encodePath(file.newPath)}">View File</a>`}
    </div>
  </div>
  <div class="diff-file-body ui attached unstackable table segment">
    <div id="diff-source-${id}" class="file-body file-code unicode-escaped code-diff code-diff-unified">${file.isBinary ? html`<div class="tw-p-4">Binary file not shown.</div>` : table(file)}</div>
  </div>
</div>`;
}

function table(file: PatchFile): SafeHtml {
  return html`<table class="chroma" data-path="${file.newPath}">
<colgroup><col width="50"><col width="50"><col width="10"><col width="10"><col></colgroup>
${file.hunks.map(
  (
    hunk,
  ) => html`<tr class="tag-code nl-0 ol-0" data-line-type="tag"><td colspan="2" class="lines-num"></td><td class="lines-escape"></td><td class="lines-type-marker"><span class="tw-font-mono" data-type-marker=""></span></td><td class="chroma lines-code blob-hunk"><code class="code-inner">${hunk.header}</code></td></tr>
${highlightLines(file.newPath, hunk.lines)}`,
)}</table>`;
}

function highlightLines(path: string, lines: readonly PatchLine[]): SafeHtml[] {
  const code = highlight(path, lines.map((line) => line.text).join('\n'));
  return lines.map((line, index) => {
    const marker = line.kind === 'add' ? '+' : line.kind === 'del' ? '-' : ' ';
    return html`<tr class="${line.kind}-code nl-${index + 1} ol-${index + 1}" data-line-type="${line.kind}"><td class="lines-num lines-num-old" data-line-num="${line.oldNumber ?? ''}"></td><td class="lines-num lines-num-new" data-line-num="${line.newNumber ?? ''}"></td><td class="lines-escape"></td><td class="lines-type-marker"><span class="tw-font-mono" data-type-marker="${marker}"></span></td><td class="chroma lines-code"><code class="code-inner">${code[index]}</code></td></tr>
`;
  });
}
