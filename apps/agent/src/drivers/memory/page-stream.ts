import { beginRecord, recordHeaderBytes, RecordError, records, type Sink } from "@godwit/backend";
import { setImmediate } from "node:timers/promises";
import { pageBytes, type Pages } from "./pages.ts";

/** A record: the number of runs, each run's first page and length (unsigned, 32 bits, little-endian), then the pages. */
const countBytes = 4;
const runBytes = 8;
/** With its runs, were each a page long, a record is at most 1 MiB. */
const pagesPerRecord = 255;

interface Run {
  start: number;
  end: number;
}

/**
 * Sends the pages that have changed, once around from `cursor`, as far as the budget goes; returns where it ended. Clients
 * are served between two records.
 */
export async function sendPages(pages: Pages, out: Sink, cursor: number): Promise<number> {
  const around = [
    { from: cursor, to: pages.pageCount },
    { from: 0, to: cursor },
  ];
  for (const { from, to } of around) {
    for (let at = from; at < to;) {
      out.signal.throwIfAborted();
      const affordable = Math.floor((out.budget - recordHeaderBytes - countBytes) / (pageBytes + runBytes));
      if (affordable < 1) return at;
      const runs = nextRuns(pages, at, to, Math.min(affordable, pagesPerRecord));
      const last = runs.at(-1);
      if (last === undefined) break;
      at = last.end;
      await sendRuns(pages, out, runs);
      await setImmediate();
    }
  }
  return cursor;
}

/** Stores the pages of a stream; throws `RecordError` where it makes no sense for this memory. */
export async function loadPages(pages: Pages, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const record of records(chunks, 1024 * 1024)) storeRecord(pages, record);
}

function nextRuns(pages: Pages, from: number, to: number, limit: number): Run[] {
  const runs: Run[] = [];
  let room = limit;
  for (let start = pages.dirty.nextSet(from); start !== -1 && start < to && room > 0;) {
    const end = Math.min(pages.dirty.nextClear(start), to, start + room);
    runs.push({ start, end });
    room -= end - start;
    start = pages.dirty.nextSet(end);
  }
  return runs;
}

async function sendRuns(pages: Pages, out: Sink, runs: Run[]): Promise<void> {
  const pageCount = runs.reduce((sum, { start, end }) => sum + end - start, 0);
  const record = beginRecord(out, countBytes + runs.length * runBytes + pageCount * pageBytes);
  const { payload } = record;
  const view = new DataView(payload.buffer, payload.byteOffset);
  view.setUint32(0, runs.length, true);
  let headAt = countBytes;
  let at = countBytes + runs.length * runBytes;
  const from = performance.now();
  for (const { start, end } of runs) {
    view.setUint32(headAt, start, true);
    view.setUint32(headAt + 4, end - start, true);
    headAt += runBytes;
    pages.takeForSending(start, end, payload, at);
    at += (end - start) * pageBytes;
  }
  pages.noteCopied(pageCount * pageBytes, performance.now() - from);
  try {
    await record.write();
  } catch (error) {
    for (const { start, end } of runs) pages.dirty.setRange(start, end);
    throw error;
  }
}

function storeRecord(pages: Pages, record: Uint8Array): void {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const runCount = record.length < countBytes ? 0 : view.getUint32(0, true);
  const headBytes = countBytes + runCount * runBytes;
  if (runCount < 1 || runCount > pagesPerRecord || record.length < headBytes) {
    throw new RecordError(`a record of ${record.length} bytes cannot hold ${runCount} runs of pages`);
  }
  const runs = Array.from({ length: runCount }, (_, index) => {
    const start = view.getUint32(countBytes + index * runBytes, true);
    return { start, end: start + view.getUint32(countBytes + index * runBytes + 4, true) };
  });
  requireSense(pages, runs, record.length - headBytes);
  let at = headBytes;
  for (const { start, end } of runs) {
    pages.store(start, end, record, at);
    at += (end - start) * pageBytes;
  }
}

/** Nothing is stored of a record unless all of it makes sense. */
function requireSense(pages: Pages, runs: Run[], bytes: number): void {
  let before = 0;
  let pageCount = 0;
  for (const { start, end } of runs) {
    if (start < before || end <= start || end > pages.pageCount) {
      throw new RecordError(`pages ${start} to ${end} are out of place in a memory of ${pages.pageCount} pages`);
    }
    before = end;
    pageCount += end - start;
  }
  if (pageCount * pageBytes !== bytes) {
    throw new RecordError(`${pageCount} pages are announced and ${bytes} bytes of them sent`);
  }
}
