import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Received, Story } from './recorded-story.ts';
import { playRecordedStory } from './recorded-story.ts';
import { shapeDifferences, valueDifferences } from './same-shape.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/gitea');
const read = (file: string) => JSON.parse(readFileSync(join(fixtures, file), 'utf8'));
const names = (folder: string, ending: string) =>
  readdirSync(join(fixtures, folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length));

let story: Story;
beforeAll(async () => {
  story = await playRecordedStory();
});
afterAll(() => story?.close());

describe('the API answers as recorded', () => {
  it.each(names('api', '.json'))('%s', (name) => {
    const recording = read(`api/${name}.json`);
    const answer = story.answers[name];
    expect(answer, `the story has no request for ${name}`).toBeDefined();
    expect(answer!.status).toBe(recording.status);
    for (const header of Object.keys(recording.headers)) {
      expect(answer!.headers.get(header), header).toBe(recording.headers[header]);
    }
    expect(shapeDifferences(recording.body, answer!.body)).toEqual([]);
    const differences = valueDifferences(recording.body, answer!.body);
    // The recorded instance had three applications of its own before.
    expect(
      differences.filter((one) => name !== 'oauth2-application-create' || !one.startsWith('$.id:')),
    ).toEqual([]);
  });
});

describe('webhooks arrive as recorded', () => {
  it.each(names('webhooks', '.headers.json'))('%s', (name) => {
    const headers = read(`webhooks/${name}.headers.json`);
    const body = read(`webhooks/${name}.body.json`);
    const matching = story.received.filter((one) => isSameEvent(one, headers, body));
    expect(matching.length, `no delivery for ${name}`).toBeGreaterThan(0);
    const best = matching
      .map((one) => shapeDifferences(body, one.body))
      .sort((a, b) => a.length - b.length)[0];
    expect(best).toEqual([]);
    const values = matching
      .map((delivery) => valueDifferences(body, delivery.body))
      .sort((a, b) => a.length - b.length);
    expect(values[0]).toEqual([]);
    const [one] = matching;
    const transport = [
      'Host',
      'Connection',
      'Accept',
      'Accept-Language',
      'Sec-Fetch-Mode',
      'Accept-Encoding',
      'Content-Length',
    ];
    const sent = Object.keys(one!.headers).filter(
      (key) => !transport.some((t) => t.toLowerCase() === key.toLowerCase()),
    );
    expect(sent.map((key) => key.toLowerCase()).sort()).toEqual(
      Object.keys(headers)
        .map((key) => key.toLowerCase())
        .sort(),
    );
  });

  it('every delivery is signed over its exact bytes', () => {
    expect(story.received.length).toBeGreaterThan(15);
    for (const { headers, raw } of story.received) {
      const sign = (algorithm: string) => createHmac(algorithm, 'webhook-secret').update(raw).digest('hex');
      expect(headers['X-Gitea-Signature'] ?? headers['x-gitea-signature']).toBe(sign('sha256'));
      expect(headers['X-Hub-Signature-256'] ?? headers['x-hub-signature-256']).toBe(
        `sha256=${sign('sha256')}`,
      );
      expect(headers['X-Hub-Signature'] ?? headers['x-hub-signature']).toBe(`sha1=${sign('sha1')}`);
    }
  });

  it('the body is written byte for byte as Gitea writes JSON', () => {
    const file = join(fixtures, 'webhooks/pull_request_comment-edited.body.json');
    const recorded = readFileSync(file, 'utf8');
    const sent = story.received.find((one) => one.body.action === 'edited')!.raw.toString('utf8');
    const line = (text: string) =>
      text.split('\n').find((one) => one.includes('edited') && one.includes('body'));
    expect(line(sent)).toBe(line(recorded));
  });
});

function isSameEvent(one: Received, headers: Record<string, string>, body: Record<string, unknown>): boolean {
  const header = (name: string) => one.headers[name] ?? one.headers[name.toLowerCase()];
  return (
    header('X-Gitea-Event') === headers['X-Gitea-Event'] &&
    header('X-Gitea-Event-Type') === headers['X-Gitea-Event-Type'] &&
    one.body.action === body.action &&
    one.body.ref === body.ref &&
    one.body.ref_type === body.ref_type
  );
}
