import type { Sample } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get } from "../api/api.ts";
import { keys } from "../live/cache.ts";

const nothing: Sample[] = [];

/** Its course from the beginning: what was stored of it, and what the stream has told since then. */
export function useCourse(id: string): Sample[] {
  const stored =
    useQuery({
      queryKey: keys.samples(id),
      queryFn: async () => (await get<{ items: Sample[] }>(`/v1/migrations/${encodeURIComponent(id)}/samples`)).items,
    }).data ?? nothing;
  const told = useQuery<Sample[]>({ queryKey: keys.course(id), enabled: false }).data ?? nothing;
  return useMemo(() => {
    const last = stored.at(-1)?.at ?? "";
    return [...stored, ...told.filter(({ at }) => at > last)];
  }, [stored, told]);
}

export function pendingOf({ pending }: Sample["devices"][number]): number {
  return pending.initialBytes + pending.precopyBytes + pending.stopcopyBytes;
}

export function totalPendingOf({ devices }: Sample): number {
  return devices.reduce((sum, device) => sum + pendingOf(device), 0);
}
