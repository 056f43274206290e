import type { Setting } from "./setting.ts";

/** Settings that all modules may read; made once in server/create_server.ts. */
export interface ServerSettings {
  readonly domains: readonly string[];
  readonly software: { readonly name: string; readonly version: string };
  /** `local`: for those on this machine. */
  readonly registration: "open" | "local" | "closed";
  /** Of PBKDF2, for new keys. */
  readonly scramRounds: number;
  readonly archive: boolean;
  readonly offline: boolean;
  readonly rosterItems: number;
  /** `subscribed`: what a message does may tell its sender no more than the presence that it may see (XEP-0079 section 9). */
  readonly presencePolicy: "subscribed" | "open";
  /** Which messages have a timeline: those with rules and those of the application, all, or none. */
  readonly tracking: "asked" | "all" | "none";
  readonly contacts: Readonly<Record<string, readonly string[]>>;
  /** The value of a setting that a module declares. */
  of<Value>(setting: Setting<Value>): Value;
}
