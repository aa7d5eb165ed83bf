import { useSyncExternalStore } from "react";
import { chosen, isDark, subscribe, type Theme } from "./theme.ts";

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, chosen);
}

/** Changes whenever the colours do, for what is drawn rather than styled. */
export function useIsDark(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}
