import { Watcher, type WatchOptions } from './watcher.ts';

/** Watches for `seconds`, with `act` called every `everyMs` meanwhile. The iteration lasts until the socket is closed. */
export function watchFor(
  seconds: number,
  options: WatchOptions,
  act?: { everyMs: number; run: (watcher: Watcher) => void },
): Watcher {
  const watcher = new Watcher({
    ...options,
    onClosed: () => {
      clearTimeout(end);
      clearInterval(acting);
      options.onClosed?.();
    },
  });
  const acting =
    act === undefined
      ? undefined
      : setInterval(() => {
          if (watcher.isOpen) act.run(watcher);
        }, act.everyMs);
  const end = setTimeout(() => watcher.leave(), seconds * 1_000);
  return watcher;
}
