import type { ReactNode } from "react";
import { Icon, type IconName } from "../parts/icon.tsx";
import { choose, type Theme } from "./theme.ts";
import { useTheme } from "./use-theme.ts";

const themes: Record<Theme, { next: Theme; icon: IconName; text: string }> = {
  system: { next: "light", icon: "screen", text: "Theme: as the system's" },
  light: { next: "dark", icon: "sun", text: "Theme: light" },
  dark: { next: "system", icon: "moon", text: "Theme: dark" },
};

export function ThemeSwitch(): ReactNode {
  const { next, icon, text } = themes[useTheme()];
  return (
    <button type="button" className="button !px-1.5" aria-label={text} title={text} onClick={() => choose(next)}>
      <Icon name={icon} />
    </button>
  );
}
