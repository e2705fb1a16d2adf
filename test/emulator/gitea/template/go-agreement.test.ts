import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTemplate, TemplateFailure } from '../../../../src/emulator/gitea/template/template.ts';
import { TemplateError } from '../../../../src/emulator/gitea/template/template-error.ts';
import { corpus, data, functions } from './corpus.ts';

interface Result {
  output: string;
  failed: boolean;
}

/** What Go's html/template made of the corpus; `RECORD_GO=1 vitest run …` with go on PATH writes it anew. */
const recording = join(import.meta.dirname, 'go-results.json');

function runGo(): Result[] | undefined {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const answer = execFileSync('go', ['run', join(import.meta.dirname, 'reference.go')], {
    input: JSON.stringify(corpus),
    encoding: 'utf8',
  });
  return JSON.parse(answer) as Result[];
}

function interpret(source: string): Result {
  try {
    return { output: parseTemplate('page', source, functions).render(data), failed: false };
  } catch (error) {
    if (error instanceof TemplateFailure) return { output: error.output, failed: true };
    if (error instanceof TemplateError) return { output: '', failed: true };
    throw error;
  }
}

const live = runGo();
if (live !== undefined && process.env.RECORD_GO === '1') {
  writeFileSync(recording, `${JSON.stringify(live, null, 1)}\n`);
}
const recorded = JSON.parse(readFileSync(recording, 'utf8')) as Result[];

describe("the interpreter agrees with Go's html/template", () => {
  it('has a recorded result for every template', () => {
    expect(recorded).toHaveLength(corpus.length);
    expect(corpus.length).toBeGreaterThanOrEqual(60);
  });

  it.each(corpus.map((source, index) => [source, index] as const))('%s', (source, index) => {
    const expected = recorded[index] as Result;
    const actual = interpret(source);
    expect(actual.failed).toBe(expected.failed);
    if (!expected.failed) expect(actual.output).toBe(expected.output);
  });

  if (live === undefined) {
    process.stderr.write(
      '\nNOT COMPARED WITH A LIVE GO: `go` is not on PATH; only the recording was used.\n',
    );
    it.skip('go is not on PATH: the recording was not checked against a live Go');
  } else {
    it('and the recording agrees with the Go on this machine', () => expect(live).toEqual(recorded));
  }
});
