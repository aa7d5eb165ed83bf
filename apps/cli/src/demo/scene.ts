import type { CreateGuest, Guest } from "@godwit/contract";
import type { z } from "zod";

/** One migration that the demo makes by itself. */
export interface Stop {
  guest: string;
  to: string;
  limits?: { downtimeLimitMs: number };
}

/** Whoever notices what a guest loses. */
export interface Witness extends AsyncDisposable {
  /** It runs on another host now. */
  moved?(to: string): Promise<void>;
  /** What it has seen since the start, in a few words. */
  summary(): Promise<string>;
}

/** Who plays in the demo, what is done with them, and how one sees whether they lose anything by it. */
export interface Scene {
  guests: z.input<typeof CreateGuest>[];
  /** Options of every agent, beyond the usual ones. */
  agentOptions: string[];
  /** Makes what the guests need on their hosts, before they are created. */
  prepare(): Promise<void>;
  /** Resolves once the guest does its work. */
  watch(guest: Guest): Promise<Witness | undefined>;
  stops: Stop[];
  /** Commands for people to try. */
  tries: string[];
  /** What the witnesses' summaries are. */
  seen: string;
}
