import type { Drain, DrainOrder, DrainPlan, PlacementRule } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { messageOf, post, wrongAt } from "../api/api.ts";
import { DrainGuests } from "../drain/drain-guests.tsx";
import { about, many, wait } from "../figures.ts";
import { putDrain } from "../live/cache.ts";
import { useHosts } from "../live/hooks.ts";
import { usePolicies } from "../new/use-plans.ts";
import { SelectField, TextField } from "../parts/fields.tsx";
import { Icon } from "../parts/icon.tsx";
import { Empty, Figures, ReasonLine, Section } from "../parts/panel.tsx";
import { useSettled } from "../parts/settled.ts";

/** What differs from what a drain does by itself. */
interface Wish {
  policy: string;
  order: string;
  placement: string;
  /** In minutes from now; empty where there is no hurry. */
  within: string;
}

const orders: Record<DrainOrder, string> = {
  busiestFirst: "the busiest way first",
  largestFirst: "the largest first",
  smallestFirst: "the smallest first",
};
const placements: Record<PlacementRule, string> = {
  spread: "where the most room is left",
  pack: "where the least room is left",
};
const usual: Wish = { policy: "balanced", order: "busiestFirst", placement: "spread", within: "" };
const minuteMs = 60_000;

/** A host and how it is to be emptied: what that would come to is there before anything moves, and the button says what will happen. */
export function NewDrainScreen(): ReactNode {
  const hosts = useHosts();
  const search = useSearch({ from: "/drains/new" });
  const navigate = useNavigate({ from: "/drains/new" });
  const host = hosts.find(({ name }) => name === search.host) ?? hosts.find(({ guests }) => guests > 0) ?? hosts[0];
  const [written, setWish] = useState(usual);
  const wish = { ...written, within: useSettled(written.within) };
  // A dry run asks the agents: it is made anew where something else is wished for, and when somebody asks.
  const {
    data: plan,
    error,
    isFetching,
    refetch,
  } = useQuery({
    queryKey: ["drain-plan", host?.id, wish],
    queryFn: async () => await post<DrainPlan>(`/v1/hosts/${host?.id}/drain`, bodyOf(wish, true)),
    enabled: host !== undefined,
    staleTime: minuteMs,
    gcTime: 0,
    placeholderData: (before: DrainPlan | undefined) => (before?.hostId === host?.id ? before : undefined),
  });
  if (host === undefined) {
    return (
      <div className="grid gap-4">
        <Heading />
        <div className="panel">
          <Empty>There is no host yet. One is added in the settings.</Empty>
        </div>
      </div>
    );
  }
  return (
    <div className="grid gap-4">
      <Heading />
      <div className="grid items-start gap-5 lg:grid-cols-[300px_minmax(0,1fr)]">
        <StartForm
          hostSelect={
            <SelectField
              label="Host"
              value={host.name}
              set={(name) => void navigate({ search: { host: name }, replace: true })}
              options={Object.fromEntries(hosts.map(({ name, guests }) => [name, `${name}, ${many(guests, "guest")}`]))}
            />
          }
          hostId={host.id}
          wish={written}
          set={(change) => setWish({ ...written, ...change })}
          plan={plan}
          error={error}
          planning={isFetching || wish.within !== written.within}
          again={() => void refetch()}
        />
        {plan !== undefined && <PlanOfDrain of={plan} />}
      </div>
    </div>
  );
}

function Heading(): ReactNode {
  return <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">Plan a drain</h1>;
}

interface FormParts {
  hostSelect: ReactNode;
  hostId: string;
  wish: Wish;
  set: (change: Partial<Wish>) => void;
  plan: DrainPlan | undefined;
  error: Error | null;
  planning: boolean;
  again: () => void;
}

function StartForm({ hostSelect, hostId, wish, set, plan, error, planning, again }: FormParts): ReactNode {
  const [sending, setSending] = useState(false);
  const [said, setSaid] = useState("");
  const navigate = useNavigate();
  const policies = usePolicies().map(({ name }) => name);
  const canStart = !sending && !planning && error === null && plan !== undefined;
  const start = async (event: FormEvent) => {
    event.preventDefault();
    setSending(true);
    setSaid("");
    try {
      const drain = await post<Drain>(`/v1/hosts/${hostId}/drain`, bodyOf(wish, false));
      putDrain(drain);
      await navigate({ to: "/drains/$id", params: { id: drain.id } });
    } catch (refusal) {
      setSaid(`${messageOf(refusal)} It was not started.`);
      setSending(false);
    }
  };
  return (
    <form className="panel grid gap-3 px-4 py-3.5" onSubmit={(event) => void start(event)}>
      {hostSelect}
      <SelectField
        label="Policy of every migration"
        value={wish.policy}
        set={(policy) => set({ policy })}
        options={Object.fromEntries([...new Set([wish.policy, ...policies])].map((name) => [name, name]))}
      />
      <SelectField label="Order" value={wish.order} set={(order) => set({ order })} options={orders} />
      <SelectField
        label="Guests go"
        value={wish.placement}
        set={(placement) => set({ placement })}
        options={placements}
      />
      <TextField
        label="To be empty within"
        type="number"
        unit="min"
        placeholder="no hurry"
        value={wish.within}
        set={(within) => set({ within })}
        wrong={wrongAt(error, "/deadline")}
      />
      <div className="grid gap-2">
        <button type="submit" className="button !min-h-9" data-kind="main" disabled={!canStart}>
          {buttonText(plan, planning)}
        </button>
        <button type="button" className="button" disabled={planning} onClick={again}>
          Look again
        </button>
      </div>
      <p role="status" className="min-h-5 text-bad [overflow-wrap:anywhere]">
        {said === "" && error !== null ? messageOf(error) : said}
      </p>
    </form>
  );
}

/** Where each guest would go, in which order, and what that would come to. */
function PlanOfDrain({ of: plan }: { of: DrainPlan }): ReactNode {
  const { possible, reason, guests, counts, etaRangeMs, host } = plan;
  return (
    <Section title="Dry run" aside={`${host} as it is now; nothing moves yet`}>
      <div className="grid gap-3 px-4 py-3.5">
        <ReasonLine
          icon={
            <Icon
              name={possible ? "check" : "alert"}
              className={`self-center ${possible ? "text-good" : "text-warn"}`}
            />
          }
        >
          {reason?.sentence ?? (possible ? "Every guest can go." : "Not every guest can go as things stand.")}
        </ReasonLine>
        <Figures
          className="grid-cols-4 max-sm:grid-cols-2"
          of={[
            ["Guests", String(guests.length)],
            ["Would go", String(counts.queued)],
            ["Blocked", String(counts.blocked)],
            ["Empty in", wait(etaRangeMs)],
          ]}
        />
      </div>
      {guests.length === 0 ? (
        <div className="border-t border-line">
          <Empty>{`There is no guest on ${host}: it would only be cordoned.`}</Empty>
        </div>
      ) : (
        <div className="border-t border-line pt-1">
          <DrainGuests of={guests} />
        </div>
      )}
    </Section>
  );
}

function bodyOf({ policy, order, placement, within }: Wish, dryRun: boolean): object {
  const deadline = within === "" ? {} : { deadline: new Date(Date.now() + Number(within) * minuteMs).toISOString() };
  return { dryRun, policy, order, placement, ...deadline };
}

/** What will happen, in figures. */
function buttonText(plan: DrainPlan | undefined, planning: boolean): string {
  if (planning) return "Planning …";
  if (plan === undefined) return "It is refused";
  const { counts, etaRangeMs } = plan;
  const takes = etaRangeMs === undefined ? "" : `, about ${about((etaRangeMs[0] + etaRangeMs[1]) / 2)}`;
  const left = counts.blocked === 0 ? "" : `, ${counts.blocked} blocked`;
  return `Start: ${many(counts.queued, "guest")}${takes}${left}`;
}
