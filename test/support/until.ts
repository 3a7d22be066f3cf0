type Found<T> = T | undefined | false;

/** Polls until `probe` gives something. @throws after the deadline, naming what was waited for. */
export async function until<T>(
  what: string,
  probe: () => Found<T> | Promise<Found<T>>,
  deadlineMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
