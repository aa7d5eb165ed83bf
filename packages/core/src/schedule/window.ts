/** From one instant to another, in ms since 1970, and again every `everyMs` if that is given. */
export interface MaintenanceWindow {
  opensAt: number;
  closesAt: number;
  everyMs: number | undefined;
}

/** No windows at all: always open. */
export function isOpen(windows: readonly MaintenanceWindow[], now: number): boolean {
  return windows.length === 0 || windows.some((window) => now >= opening(window, now) && now < closing(window, now));
}

/** When the next one opens, or `now` if one is open; undefined: never again. */
export function opensNext(windows: readonly MaintenanceWindow[], now: number): number | undefined {
  if (isOpen(windows, now)) return now;
  const openings = windows.flatMap((window) => {
    if (window.closesAt <= window.opensAt) return [];
    if (now < window.opensAt) return [window.opensAt];
    return window.everyMs === undefined ? [] : [opening(window, now) + window.everyMs];
  });
  return openings.length === 0 ? undefined : Math.min(...openings);
}

/** The latest opening that is not later than now, or the first one. */
function opening({ opensAt, everyMs }: MaintenanceWindow, now: number): number {
  if (everyMs === undefined || now < opensAt) return opensAt;
  return opensAt + Math.floor((now - opensAt) / everyMs) * everyMs;
}

function closing(window: MaintenanceWindow, now: number): number {
  return opening(window, now) + (window.closesAt - window.opensAt);
}
