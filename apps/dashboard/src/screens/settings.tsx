import type { Accuracy } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { get, messageOf, remove } from "../api/api.ts";
import { duration, many, none, share } from "../figures.ts";
import { choose, type Theme } from "../frame/theme.ts";
import { useTheme } from "../frame/use-theme.ts";
import { Figures, Section } from "../parts/panel.tsx";
import { Audit } from "../settings/audit.tsx";
import { Join } from "../settings/join.tsx";
import { useKey } from "../settings/key.ts";
import { Tokens } from "../settings/tokens.tsx";
import { Webhooks } from "../settings/webhooks.tsx";

export function SettingsScreen(): ReactNode {
  const key = useKey();
  return (
    <div className="grid gap-5">
      <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">Settings</h1>
      <Tokens of={key} />
      <Join of={key} />
      <Webhooks of={key} />
      <Audit of={key} />
      <Predictions />
      <ThisBrowser />
    </div>
  );
}

/** How good the predictions have been. */
function Predictions(): ReactNode {
  const { data, error } = useQuery({
    queryKey: ["accuracy"],
    queryFn: async () => await get<Accuracy>("/v1/predictions/accuracy"),
    staleTime: 60_000,
  });
  return (
    <Section
      title="Predictions"
      aside={data === undefined ? undefined : `over ${many(data.count, "completed migration")}`}
    >
      <div className="min-h-[76px] px-4 py-3">
        {error === null ? (
          <Figures
            className="grid-cols-5 max-md:grid-cols-3"
            of={[
              ["Error, the median", share(data?.errorP50)],
              ["Error, nine in ten", share(data?.errorP90)],
              [
                "Longer by, the mean",
                data?.biasMs === undefined ? none : `${data.biasMs < 0 ? "−" : ""}${duration(Math.abs(data.biasMs))}`,
              ],
              ["Within its interval", share(data?.withinBand)],
              ["Kept the limit", share(data?.withinLimit)],
            ]}
          />
        ) : (
          <p className="text-bad">{messageOf(error)}</p>
        )}
      </div>
    </Section>
  );
}

function ThisBrowser(): ReactNode {
  const theme = useTheme();
  const [said, setSaid] = useState("");
  const signOut = async () => {
    try {
      await remove("/v1/session");
      location.assign("/");
    } catch (error) {
      setSaid(messageOf(error));
    }
  };
  return (
    <Section title="This browser">
      <div className="flex flex-wrap items-end gap-4 px-4 py-3.5">
        <div>
          <label className="label mb-1 block" htmlFor="theme">
            Theme
          </label>
          <select id="theme" className="control" value={theme} onChange={({ target }) => choose(themeOf(target.value))}>
            <option value="system">as the system&rsquo;s</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
        </div>
        <button type="button" className="button !min-h-8" onClick={() => void signOut()}>
          End the session
        </button>
        <p role="status" className="text-bad">
          {said}
        </p>
      </div>
    </Section>
  );
}

function themeOf(value: string): Theme {
  return value === "light" || value === "dark" ? value : "system";
}
