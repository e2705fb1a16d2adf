/** The emulator's own answers and deliveries, held against what a real Gitea said in the same story. */
import { createHmac } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Received, Story } from './recorded-story.ts';
import { playRecordedStory } from './recorded-story.ts';
import { comparableText, shapeDifferences, valueDifferences } from './same-shape.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/gitea');
const read = (file: string) => JSON.parse(readFileSync(join(fixtures, file), 'utf8'));
const names = (folder: string, ending: string) =>
  readdirSync(join(fixtures, folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length));
const apiNames = names('api', '.json');
const webhookNames = names('webhooks', '.headers.json');

/** Where the recordings were made, beside the project; ours are copies of the smaller ones. */
const originals = resolve('../shared/fixtures/gitea');
if (!existsSync(originals)) {
  console.warn(`!!! ${originals} does not exist: the copies of the recordings were NOT compared with it`);
}

let story: Story;
beforeAll(async () => {
  story = await playRecordedStory();
}, 60_000);
afterAll(() => story?.close());

describe.skipIf(!existsSync(originals))('the copies of the recordings', () => {
  it.each(['api', 'webhooks'])('of %s are all there, byte for byte', (folder) => {
    const files = (root: string) => readdirSync(join(root, folder)).sort();
    expect(files(fixtures)).toEqual(files(originals));
    for (const file of files(originals)) {
      const copy = readFileSync(join(fixtures, folder, file));
      expect(copy.equals(readFileSync(join(originals, folder, file))), relative(fixtures, file)).toBe(true);
    }
  });
});

describe('the API answers as recorded', () => {
  // The recorder kept these of the real answers' headers: one that it did not keep was not sent.
  const kept = new Set(apiNames.flatMap((name) => Object.keys(read(`api/${name}.json`).headers)));
  kept.add('Link');

  it('the story has an exchange for every recording, and none that nothing is known about', () => {
    expect(Object.keys(story.answers).sort()).toEqual([...apiNames].sort());
    expect([...kept].sort()).toEqual(['Content-Type', 'Link', 'X-Total-Count']);
  });

  it.each(apiNames)('%s', (name) => {
    const recording = read(`api/${name}.json`);
    const answer = story.answers[name]!;
    expect(comparableText(answer.request)).toBe(comparableText(recording.request));
    // The addresses of the story's own servers differ, and so does what a person would have typed.
    const asked = valueDifferences(recording.requestBody, answer.requestBody, '$request');
    expect(asked).toEqual([]);
    expect(answer.status).toBe(recording.status);
    for (const header of kept) {
      expect(answer.headers.get(header), header).toBe(recording.headers[header] ?? null);
    }
    expect(shapeDifferences(recording.body, answer.body)).toEqual([]);
    const differences = valueDifferences(recording.body, answer.body);
    // The recorded instance had three applications of its own before.
    expect(
      differences.filter((one) => name !== 'oauth2-application-create' || !one.startsWith('$.id:')),
    ).toEqual([]);
  });
});

describe('webhooks arrive as recorded', () => {
  it.each(webhookNames)('%s', (name) => {
    const headers = read(`webhooks/${name}.headers.json`);
    const text = readFileSync(join(fixtures, `webhooks/${name}.body.json`), 'utf8');
    const body = JSON.parse(text);
    const matching = story.received.filter((one) => isSameEvent(one, headers, body));
    expect(matching.length, `no delivery for ${name}`).toBeGreaterThan(0);
    // One delivery must be it in every respect: several of the story are of the same event.
    const differences = matching
      .map((one) => [
        ...shapeDifferences(body, one.body),
        ...valueDifferences(body, one.body),
        ...headerDifferences(headers, one.headers),
        ...lineDifferences(text, one.raw.toString('utf8')),
      ])
      .sort((a, b) => a.length - b.length);
    expect(differences[0]).toEqual([]);
  });

  it('every delivery is signed over its exact bytes', () => {
    expect(story.received.length).toBeGreaterThanOrEqual(webhookNames.length);
    for (const { headers, raw } of story.received) {
      const sign = (algorithm: string) => createHmac(algorithm, 'webhook-secret').update(raw).digest('hex');
      expect(headers['X-Gitea-Signature']).toBe(sign('sha256'));
      expect(headers['X-Gogs-Signature']).toBe(sign('sha256'));
      expect(headers['X-Hub-Signature-256']).toBe(`sha256=${sign('sha256')}`);
      expect(headers['X-Hub-Signature']).toBe(`sha1=${sign('sha1')}`);
    }
  });

  it('the recorded signatures are those of the recorded bytes', () => {
    for (const name of webhookNames) {
      const body = readFileSync(join(fixtures, `webhooks/${name}.body.json`));
      const signature = createHmac('sha256', 'webhook-secret').update(body).digest('hex');
      expect(read(`webhooks/${name}.headers.json`)['X-Gitea-Signature'], name).toBe(signature);
    }
  });
});

function isSameEvent(one: Received, headers: Record<string, string>, body: Record<string, unknown>): boolean {
  return (
    one.headers['X-Gitea-Event'] === headers['X-Gitea-Event'] &&
    one.headers['X-Gitea-Event-Type'] === headers['X-Gitea-Event-Type'] &&
    one.body.action === body.action &&
    one.body.ref === body.ref &&
    one.body.ref_type === body.ref_type
  );
}

/** What every HTTP/1.1 client adds; the recorder left it out. */
const transport = ['Host', 'Connection', 'Content-Length'];

function headerDifferences(recorded: Record<string, string>, sent: Record<string, string>): string[] {
  const known = Object.keys(sent).filter((name) => !transport.includes(name));
  return [...new Set([...Object.keys(recorded), ...known])]
    .filter((name) => headerForm(recorded[name]) !== headerForm(sent[name]))
    .map((name) => `header ${name}: ${recorded[name]} recorded, ${sent[name]} sent`);
}

/** Ids and signatures differ with each delivery; their form does not. */
function headerForm(value: string | undefined): string | undefined {
  return value
    ?.replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/, '<uuid>')
    .replace(/\b([0-9a-f]{64}|[0-9a-f]{40})\b/, (digest) => `<${digest.length * 4} bits>`);
}

/** Order of the fields, indentation and escapes: the lines of both texts, but for values that no two instances share. */
function lineDifferences(recorded: string, sent: string): string[] {
  const [left, right] = [recorded, sent].map((text) => comparableText(text).split('\n'));
  return Array.from({ length: Math.max(left!.length, right!.length) }, (_, at) => [left![at], right![at]])
    .filter(([one, other]) => one !== other)
    .map(([one, other]) => `line: ${one} recorded, ${other} sent`);
}
