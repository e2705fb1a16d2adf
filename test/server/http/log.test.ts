import { expect, test } from 'vitest';
import { removeSecrets } from '../../../src/server/http/log.ts';

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
