import type { Guest, Migration } from "@godwit/contract";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { ApiError, messageOf, post, wrongAt } from "../api/api.ts";
import { about } from "../figures.ts";
import { put } from "../live/cache.ts";
import { useGuests, useHosts } from "../live/hooks.ts";
import { Destinations } from "../new/destinations.tsx";
import { PlanCard } from "../new/plan-card.tsx";
import { type Fit, plannedAtMost, usePlans, usePolicies } from "../new/use-plans.ts";
import { Empty } from "../parts/panel.tsx";
import { useSettled } from "../parts/settled.ts";
import { createCommand } from "../parts/guest-rows.tsx";

/** A guest, a place and what it may cost: the plan is there before anything moves, and the button says what will happen. */
export function NewMigrationScreen(): ReactNode {
  const [guests, hosts] = [useGuests(), useHosts()];
  const search = useSearch({ from: "/new" });
  const navigate = useNavigate({ from: "/new" });
  const guest = chosenGuest(guests, search.guest);
  const policy = search.policy ?? "balanced";
  const [limitText, setLimitText] = useState("");
  const limit = useSettled(limitText);
  const fits = usePlans(guest, hosts, { policy, ...(limit === "" ? {} : { downtimeLimitMs: Number(limit) }) });
  const planned = fits.find(({ host }) => host.name === search.destination) ?? fits[0];
  const fit = planned && { ...planned, planning: planned.planning || limit !== limitText };
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });

  if (guests.length === 0) {
    return (
      <div className="grid gap-4">
        <Heading />
        <div className="panel">
          <Empty command={createCommand(hosts[0]?.name ?? "<host>")}>There is no guest yet. One is created by:</Empty>
        </div>
      </div>
    );
  }
  const name = hosts.find(({ id }) => id === fit?.host.id)?.name;
  return (
    <div className="grid gap-4">
      <Heading />
      <div className="grid items-start gap-5 lg:grid-cols-[360px_minmax(0,1fr)]">
        <StartForm
          key={`${guest?.id}`}
          fit={fit}
          guest={guest}
          destinations={
            fits.length === 0 ? (
              <p className="text-ink-soft">There is no other host yet: start an agent on one.</p>
            ) : (
              <Destinations
                fits={fits}
                chosen={fit?.host.id}
                choose={(id) => set({ destination: hosts.find((host) => host.id === id)?.name })}
              />
            )
          }
          guestSelect={
            <GuestSelect
              guests={guests}
              value={guest?.name ?? ""}
              choose={(chosen) => set({ guest: chosen, destination: undefined })}
            />
          }
          policy={policy}
          choosePolicy={(chosen) => set({ policy: chosen })}
          limitText={limitText}
          setLimitText={setLimitText}
        />
        <div className="grid gap-3">
          {fit?.plan !== undefined && <PlanCard of={fit.plan} />}
          {hosts.length - 1 > plannedAtMost && (
            <p className="text-ink-soft">{`Only the first ${plannedAtMost} hosts are asked; search for ${name ?? "a host"} to plan for another.`}</p>
          )}
        </div>
      </div>
    </div>
  );
}

function Heading(): ReactNode {
  return <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">New migration</h1>;
}

interface FormParts {
  fit: Fit | undefined;
  guest: Guest | undefined;
  guestSelect: ReactNode;
  destinations: ReactNode;
  policy: string;
  choosePolicy: (name: string) => void;
  limitText: string;
  setLimitText: (text: string) => void;
}

/** What the API refuses is said beside the field that it points to, or else below the button. */
function StartForm({
  fit,
  guest,
  guestSelect,
  destinations,
  policy,
  choosePolicy,
  limitText,
  setLimitText,
}: FormParts): ReactNode {
  const [sending, setSending] = useState(false);
  const [said, setSaid] = useState("");
  const navigate = useNavigate();
  const policies = usePolicies();
  const plan = fit?.plan;
  const isMoving = guest?.migrationId !== undefined;
  const canStart =
    !sending && !isMoving && fit?.planning === false && fit.error === undefined && plan?.possible === true;

  const start = async (event: FormEvent) => {
    event.preventDefault();
    if (!canStart || plan === undefined) return;
    setSending(true);
    setSaid("");
    try {
      const migration = await post<Migration>("/v1/migrations", { planId: plan.id });
      put(migration);
      await navigate({ to: "/migrations/$id", params: { id: migration.id } });
    } catch (error) {
      setSaid(`${messageOf(error)} It was not started.`);
      if (error instanceof ApiError && error.problem.code === "plan-stale") fit?.again();
      setSending(false);
    }
  };
  return (
    <form className="panel grid gap-3 px-4 py-3.5" onSubmit={(event) => void start(event)}>
      {guestSelect}
      <div className="grid grid-cols-2 items-start gap-3">
        <PolicySelect policies={policies.map(({ name }) => name)} value={policy} choose={choosePolicy} />
        <LimitField
          standard={policies.find(({ name }) => name === policy)?.settings.downtimeLimitMs}
          value={limitText}
          set={setLimitText}
          wrong={wrongAt(fit?.error, "/limits/downtimeLimitMs")}
        />
      </div>
      {destinations}
      <button type="submit" className="button !min-h-9" data-kind="main" disabled={!canStart}>
        {buttonText(fit, isMoving)}
      </button>
      <p role="status" className="min-h-5 text-bad [overflow-wrap:anywhere]">
        {said}
      </p>
    </form>
  );
}

function GuestSelect({
  guests,
  value,
  choose,
}: {
  guests: Guest[];
  value: string;
  choose: (name: string) => void;
}): ReactNode {
  const id = useId();
  return (
    <div>
      <label className="label mb-1 block" htmlFor={id}>
        Guest
      </label>
      <select id={id} className="control" value={value} onChange={({ target }) => choose(target.value)}>
        {guests.map(({ id: key, name, host, migrationId }) => (
          <option key={key} value={name}>
            {`${name} on ${host}${migrationId === undefined ? "" : ", moving"}`}
          </option>
        ))}
      </select>
    </div>
  );
}

function PolicySelect({
  policies,
  value,
  choose,
}: {
  policies: string[];
  value: string;
  choose: (name: string) => void;
}): ReactNode {
  const id = useId();
  return (
    <div>
      <label className="label mb-1 block" htmlFor={id}>
        Policy
      </label>
      <select id={id} className="control" value={value} onChange={({ target }) => choose(target.value)}>
        {[...new Set([value, ...policies])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  );
}

interface LimitParts {
  /** The policy's, which holds where nothing is written. */
  standard: number | undefined;
  value: string;
  set: (text: string) => void;
  wrong: string | undefined;
}

function LimitField({ standard, value, set, wrong }: LimitParts): ReactNode {
  const [id, errorId] = [useId(), useId()];
  return (
    <div>
      <label className="label mb-1 block" htmlFor={id}>
        Downtime limit
      </label>
      <span className="relative block">
        <input
          id={id}
          className="control !pr-9"
          type="number"
          min={1}
          max={2_000_000}
          step={1}
          placeholder={standard === undefined ? "" : String(standard)}
          value={value}
          aria-invalid={wrong !== undefined}
          aria-describedby={errorId}
          onChange={({ target }) => set(target.value)}
        />
        <span className="pointer-events-none absolute top-1.5 right-2.5 text-ink-soft">ms</span>
      </span>
      <span id={errorId} className="block text-xs text-bad">
        {wrong}
      </span>
    </div>
  );
}

/** The one that was asked for, or else the first that can be moved. */
function chosenGuest(guests: Guest[], wanted: string | undefined): Guest | undefined {
  const named = guests.find(({ name, id }) => name === wanted || id === wanted);
  return named ?? guests.find(({ migrationId }) => migrationId === undefined) ?? guests[0];
}

/** What will happen, in figures. */
function buttonText(fit: Fit | undefined, isMoving: boolean): string {
  if (isMoving) return "It is on its way already";
  if (fit === undefined) return "Nowhere to move to";
  if (fit.planning) return "Planning …";
  const { plan } = fit;
  if (plan === undefined || !plan.possible || fit.error !== undefined) return `${fit.host.name} refuses it`;
  const { outlook, predictedDowntimeMs, waitsFor } = plan;
  const [low, high] = outlook?.durationRangeMs ?? [];
  const takes = low === undefined || high === undefined ? undefined : `about ${about((low + high) / 2)}`;
  const pause = predictedDowntimeMs === undefined ? undefined : `downtime about ${about(predictedDowntimeMs)}`;
  const figures = [takes, pause].filter((each) => each !== undefined).join(", ");
  return `${waitsFor === undefined ? "Start" : "Queue"}${figures === "" ? "" : `: ${figures}`}`;
}
