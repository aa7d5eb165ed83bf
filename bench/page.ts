/**
 * From the opening of a one-time link to an overview that shows the hosts and their guests and is live: each time in a browser that has nothing
 * of the page, held against the smallest thing that the same orchestrator shows to such a browser.
 */
import type { Browser } from "playwright-core";
import { need } from "../test/support/requirements.ts";
import { openBrowser, Stage, visit } from "../test/page/support.ts";
import { type BenchRow, median } from "./row.ts";

const runs = 5;

export async function benchPage(): Promise<BenchRow[]> {
  const { path, missing } = need("chromium");
  if (path === undefined) throw new Error(missing);
  await using stage = await Stage.start();
  const browser = await openBrowser(path);
  try {
    const [alive, bare]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run += 1) {
      // A link opens the page once; a start prints a new one.
      if (run > 0) await stage.restartServer();
      await stage.agentsConnected();
      bare.push(await msUntilBare(browser, stage.url));
      alive.push(await msUntilAlive(browser, stage.link));
    }
    return [
      {
        name: "dashboard, from the link to a live overview",
        figure: `${median(alive).toFixed(0)} ms`,
        reference: `${median(bare).toFixed(0)} ms, an image of 385 B by itself`,
        ratio: median(alive) / median(bare),
        goal: "1,000 ms",
      },
    ];
  } finally {
    await browser.close();
  }
}

async function msUntilAlive(browser: Browser, link: string): Promise<number> {
  const { page, context } = await visit(browser, { viewport: { width: 1280, height: 800 } });
  const from = performance.now();
  await page.goto(link, { waitUntil: "commit" });
  await page.evaluate("probes.shown(['alpha', 'beta', 'quick', 'slow', 'Live'])");
  const ms = performance.now() - from;
  await context.close();
  return ms;
}

async function msUntilBare(browser: Browser, url: string): Promise<number> {
  const { page, context } = await visit(browser, { viewport: { width: 1280, height: 800 } });
  const from = performance.now();
  await page.goto(`${url}/mark.svg`);
  const ms = performance.now() - from;
  await context.close();
  return ms;
}
