import fs from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createLog, logDestination, removeSecrets } from '../../../src/server/http/log.ts';

test.each([
  ['{"token":"abc"}', '{"token":"[removed]"}'],
  ['{"authorization":"Bearer a\\"b"}', '{"authorization":"[removed]"}'],
  ['{"msg":"Authorization: Bearer 0123456789abcdef"}', '{"msg":"Authorization: Bearer [removed]"}'],
  ['{"msg":"got eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln here"}', '{"msg":"got [removed] here"}'],
  ['{"msg":"GET /cb?code=abc&state=def failed"}', '{"msg":"GET /cb?code=[removed]&state=[removed] failed"}'],
  ['{"msg":"dapi0123456789abcdef0123"}', '{"msg":"[removed]"}'],
  ['{"msg":"the webhook-secret-1 leaked"}', '{"msg":"the [removed] leaked"}'],
  ['{"msg":"a token is needed"}', '{"msg":"a token is needed"}'],
])('%s is written as %s', (line, written) => {
  expect(removeSecrets(line, ['webhook-secret-1', ''])).toBe(written);
});

test('a log that cannot be written ends nothing, and says what it could not once it can be', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'log-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const file = join(folder, 'log');
  const destination = logDestination(file);
  const writeSync = vi.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  });
  const log = createLog('info', [], destination);
  log.info('one');
  log.info('two');
  expect(writeSync).toHaveBeenCalled();
  writeSync.mockRestore();
  log.info('three');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['one', 'two', 'three']);
});
