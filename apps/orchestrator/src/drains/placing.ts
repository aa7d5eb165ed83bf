import type { CreatePlan, Limits, PlacementRule } from "@godwit/contract";
import { type Assignment, assign, begun, type Drain, type DrainPicture } from "@godwit/core";
import type { GuestRecord } from "@godwit/store";
import type { Clock } from "../clock.ts";
import { guestsOn } from "../pages.ts";
import { findGuest, findHost, type SurveyParts } from "../survey.ts";
import { Absences, takePicture } from "./picture.ts";
import { Surveys } from "./surveys.ts";

export interface PlacingParts extends SurveyParts {
  clock: Clock;
}

/** The guests that a plan is asked for: one, several, or all that run on a host. @throws {ProblemError} for what there is not. */
export async function guestsOf({ store }: PlacingParts, { guest, guests, host }: CreatePlan): Promise<GuestRecord[]> {
  if (host !== undefined) {
    const there = await guestsOn(store, (await findHost(store, host)).id);
    return there.filter(({ state }) => state === "running" || state === "stopped");
  }
  const named = await Promise.all((guests ?? [guest ?? ""]).map((each) => findGuest(store, each)));
  return [...new Map(named.map((each) => [each.id, each])).values()];
}

/** Where each of the guests would go, as a drain would have it, or what stands against that. Nothing is moved. */
export async function placed(
  parts: PlacingParts,
  guests: GuestRecord[],
  placement: PlacementRule | undefined,
  limits: Limits,
): Promise<Map<string, Assignment>> {
  const surveys = new Surveys(parts);
  const drain = asked(guests, placement ?? "spread", parts.clock.now());
  for (let round = 0; ; round += 1) {
    const picture = await pictureOf(parts, drain, surveys, limits);
    const { byGuest, surveys: wished } = assign(drain, drain.guests, picture, parts.clock.now());
    // Each round looks at one more host for each guest, at the least.
    const isLast = round > picture.hosts.length || ![...byGuest.values()].some(({ kind }) => kind === "unlooked");
    if (isLast) return byGuest;
    await surveys.look(wished, limits);
  }
}

/** They leave no host in particular: each may go to any but its own. */
function asked(guests: GuestRecord[], placement: PlacementRule, now: number): Drain {
  const host = { id: "", name: "" };
  const drain = begun({ id: "", host, by: "", createdAt: now, order: "busiestFirst", placement });
  const going = guests.map(({ id, name }) => ({
    guest: { id, name },
    since: now,
    attempts: [],
    stands: { at: "queued" as const },
  }));
  return { ...drain, guests: going };
}

async function pictureOf(parts: PlacingParts, drain: Drain, surveys: Surveys, limits: Limits): Promise<DrainPicture> {
  const picture = await takePicture({ ...parts, absences: new Absences() }, drain, parts.clock.now());
  const sources = new Map(picture.guests.map(({ id, hostId }) => [id, hostId]));
  return { ...picture, surveys: await surveys.all(sources, limits), downtimeLimitMs: limits.downtimeLimitMs };
}
