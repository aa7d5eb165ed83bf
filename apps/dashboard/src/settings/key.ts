import type { Token } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { getAll, messageOf } from "../api/api.ts";

export type Headers = Record<string, string>;

/** A token that may manage tokens, shown by whoever has one, and what it opens. */
export interface Key {
  /** Undefined until one is shown that may see them. */
  tokens: Token[] | undefined;
  headers: Headers;
  /** Undefined until one is shown, whatever it opens. */
  shown: string | undefined;
  wrong: string | undefined;
  asking: boolean;
  show: (token: string) => void;
  again: () => void;
}

const tokensAtMost = 200;

/** The session may not manage tokens. The one that is shown is kept on this screen alone, and is gone with it. */
export function useKey(): Key {
  const [shown, show] = useState("");
  const headers = { authorization: `Bearer ${shown}` };
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ["tokens", shown],
    queryFn: async () => await getAll<Token>("/v1/tokens", tokensAtMost, headers),
    enabled: shown !== "",
    gcTime: 0,
  });
  return {
    tokens: data,
    headers,
    shown: shown === "" ? undefined : shown,
    wrong: error === null ? undefined : messageOf(error),
    asking: isFetching,
    show,
    again: () => void refetch(),
  };
}
