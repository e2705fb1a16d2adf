/** The recorded story, played on the real Gitea and on the emulator in the mode of its release: the same shapes. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { realForge, realGiteaOf } from '../../src/demo/real-forge.ts';
import type { ForgeVersion } from '../../src/emulator/gitea/releases.ts';
import { forgeVersions, isForgeVersion } from '../../src/emulator/gitea/releases.ts';
import { forgeClient, startForge } from '../emulator/gitea/forge-on-loopback.ts';
import type { Playable, Received, Story } from '../emulator/gitea/recorded-story.ts';
import { playRecordedStory } from '../emulator/gitea/recorded-story.ts';
import { shapeDifferences } from '../emulator/gitea/same-shape.ts';
import { freePort } from '../free-port.ts';
import { known } from './known-differences.ts';

const { name: forgeName } = inject('demo').gitea;

/** The emulator's mode for the release that runs: the same one, else the newest. */
const release = ((): ForgeVersion => {
  const [, product, number = ''] = /^(\w+) (\d+\.\d+)/.exec(forgeName) ?? [];
  if (product === 'Forgejo') return 'forgejo-11';
  if (isForgeVersion(number)) return number;
  return forgeVersions.findLast((version) => /^\d/.test(version)) as ForgeVersion;
})();

async function startRealForge(): Promise<Playable> {
  const folder = await mkdtemp(join(tmpdir(), 'recorded-story-'));
  await chmod(folder, 0o711);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const clones = join(folder, 'clones');
  await mkdir(clones);
  const real = await realForge({ ...realGiteaOf(process.env)!, databaseUrl: undefined })({
    dataDir: join(folder, 'gitea'),
    customDir: join(folder, 'custom'),
    rootUrl: url,
  });
  await real.listen(port);
  const client = forgeClient(url);
  return {
    ...client,
    url,
    folder: clones,
    async api(user, method, path, body) {
      for (;;) {
        const answer = await client.api(user, method, path, body);
        if (answer.status !== 405 || !path.endsWith('/merge')) return answer;
        // Gitea works out later whether it can merge, and may dismiss an approval for the commit before.
        if (/approvals/.test(answer.body.message)) {
          await client.api(user, 'POST', path.replace(/merge$/, 'reviews'), {
            event: 'APPROVED',
            body: 'Again',
          });
        } else if (!/try again/i.test(answer.body.message)) return answer;
      }
    },
    forge: {
      createUser: ({ name, password }) => real.createAdmin(name, password, ''),
      // They are awaited one by one, below.
      webhooksSent: async () => {},
    },
    async close() {
      await real.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Releases are too far apart for one mode. */
const hasMode = !/^Forgejo (?!11\.)/.test(forgeName);
if (!hasMode) console.warn(`\n!!! answers not compared: the emulator has no mode for ${forgeName}\n`);

let real: Story;
let emulated: Story;
beforeAll(async () => {
  if (!hasMode) return;
  emulated = await playRecordedStory(() => startForge(release));
  real = await playRecordedStory(startRealForge);
});
afterAll(async () => {
  await real?.close();
  await emulated?.close();
});

test.runIf(hasMode)('every answer has the status and the shape that the emulator gives it', () => {
  const differences: Record<string, string[]> = {};
  for (const [name, answer] of Object.entries(real.answers)) {
    const other = emulated.answers[name]!;
    const found = shapeDifferences(answer.body, other.body);
    if (answer.status !== other.status) {
      found.unshift(`status ${answer.status} here, ${other.status} emulated: ${JSON.stringify(answer.body)}`);
    }
    if (found.length > 0) differences[name] = found;
  }
  expect(Object.keys(real.answers).length).toBeGreaterThan(25);
  expect(differences).toEqual(known[release]?.answers ?? {});
});

/** What tells deliveries apart. */
const kind = ({ headers, body }: Received) => {
  const header = (name: string) => headers[name] ?? headers[name.toLowerCase()];
  return [header('X-Gitea-Event'), header('X-Gitea-Event-Type'), body.action ?? body.ref_type ?? ''].join(
    ' ',
  );
};

test.runIf(hasMode)(
  'every kind of webhook comes, with the headers and the shape that the emulator gives it',
  async () => {
    const kinds = [...new Set(emulated.received.map(kind))];
    const missing = () => kinds.filter((one) => !real.received.some((delivery) => kind(delivery) === one));
    await vi.waitUntil(() => missing().length === 0, { timeout: 60_000, interval: 200 }).catch(() => {});
    expect(missing()).toEqual([]);

    const differences: Record<string, string[]> = {};
    const headersOf = ({ headers }: Received) =>
      Object.keys(headers)
        .map((name) => name.toLowerCase())
        .filter((name) => name.startsWith('x-'))
        .sort();
    for (const one of kinds) {
      const delivery = real.received.find((each) => kind(each) === one)!;
      const others = emulated.received.filter((each) => kind(each) === one);
      const [best = []] = others
        .map((other) => shapeDifferences(delivery.body, other.body))
        .sort((a, b) => a.length - b.length);
      const found = [...best];
      if (headersOf(delivery).join() !== headersOf(others[0]!).join()) {
        found.push(`headers ${headersOf(delivery)} here, ${headersOf(others[0]!)} emulated`);
      }
      if (found.length > 0) differences[one] = found;
    }
    expect(differences).toEqual(known[release]?.webhooks ?? {});
  },
);
