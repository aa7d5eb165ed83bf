type Opened = { source: AsyncDisposable } | { destination: AsyncDisposable };

/** What had opened is closed again where one of them did not. */
export async function allOrNone<Each extends Opened>(openings: Promise<Each>[]): Promise<Each[]> {
  const outcomes = await Promise.allSettled(openings);
  const opened = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure === undefined) return opened;
  await closeAll(opened);
  throw failure.reason;
}

export async function closeAll(opened: Opened[]): Promise<void> {
  const close = (each: Opened) => ("source" in each ? each.source : each.destination)[Symbol.asyncDispose]();
  await Promise.allSettled(opened.map(close));
}
