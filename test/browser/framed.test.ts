/** Another site puts the page with the rollback button into an invisible frame and lures a click onto it (hazard 20). */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './open-browser.ts';
import type { PanelForge } from './panel-forge.ts';
import { startPanelForge } from './panel-forge.ts';

let forge: PanelForge;
let browser: Browser;

beforeAll(async () => {
  [browser, forge] = await Promise.all([openBrowser(), startPanelForge('1.27')]);
});

afterAll(async () => {
  await browser?.close();
  await forge?.close();
});

/** A site of somebody else, which shows an address in a frame that covers the whole window. */
async function lure(address: string): Promise<{ url: string; close(): void }> {
  const page = `<!doctype html><title>Win a prize</title><body style="margin:0"><button>Click here</button>
<iframe src="${address}" style="position:fixed;inset:0;width:100%;height:100%;opacity:0.01;border:0"></iframe>`;
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { url: `http://localhost:${port}/`, close: () => void server.close() };
}

test('a click that another site lures onto the framed rollback button does nothing: nothing is framed', async () => {
  const address = `${forge.url}ml/wine?tab=databricks`;
  const context = await forge.signedIn(browser, { viewport: { width: 1280, height: 800 } });
  try {
    // Where the button is, on the page itself: there it opens the confirmation.
    const own = await context.newPage();
    await own.goto(address);
    const button = own.getByRole('button', { name: /^Roll back/ }).first();
    const box = (await button.boundingBox({ timeout: 30_000 }))!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    expect(forge.backend.asked.length).toBeGreaterThan(0);
    await own.mouse.click(x, y);
    await own.locator('dialog[open]').waitFor();
    await own.close();

    forge.backend.asked.length = 0;
    const evil = await lure(address);
    const page = await context.newPage();
    const refused: string[] = [];
    page.on('console', (message) => {
      if (/frame/i.test(message.text())) refused.push(message.text());
    });
    await page.goto(evil.url);
    await page.mouse.click(x, y);
    const frames = page.frames().filter((frame) => frame !== page.mainFrame());
    expect(frames).toHaveLength(1);
    expect(await frames[0]!.locator('button').count()).toBe(0);
    expect(refused.join(' ')).toMatch(/Refused to display|frame because it set 'X-Frame-Options'/i);
    expect(forge.backend.asked).toEqual([]);
    evil.close();
  } finally {
    await context.close();
  }
});
