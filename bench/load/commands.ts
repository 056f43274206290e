/** What the load process is asked, and what it answers. @module */
import type { Endpoint } from "./client_socket.ts";
import type { Quantiles } from "./quantiles.ts";

/** The rules in each message: none, `notify` on `deliver=direct`, or two that are not met. */
export type Rules = "none" | "direct" | "inert";

export interface LoginCommand {
  readonly kind: "login";
  /** The sessions' name from now on. */
  readonly group: string;
  readonly endpoint: Endpoint;
  readonly users: readonly string[];
  /** How many log in at a time. */
  readonly parallel: number;
  /** With initial presence. */
  readonly available: boolean;
}

export interface ChatCommand {
  readonly kind: "chat";
  /** Each even session writes to the one after it. */
  readonly group: string;
  /** How many of the pairs talk; the others are idle. */
  readonly pairs: number;
  readonly messages: number;
  /** Messages under way at a time, over all pairs. */
  readonly inFlight: number;
  readonly rules: Rules;
  /** Messages a second, whatever comes back; left out: the next goes when one has come. */
  readonly rate?: number;
}

export interface StoreCommand {
  readonly kind: "store";
  /** The senders; each writes to the recipient of the same place. */
  readonly group: string;
  readonly recipients: readonly string[];
  readonly messages: number;
  /** Messages before each sender waits until the server has handled them. */
  readonly window: number;
}

/** Sessions that have bound send initial presence, and what waits for them comes. */
export interface FlushCommand {
  readonly kind: "flush";
  readonly group: string;
  readonly messages: number;
}

/** Pages of one archive, one after the other. */
export interface PagesCommand {
  readonly kind: "pages";
  readonly group: string;
  readonly pages: number;
  readonly size: number;
  /** The page after this stanza id; left out: the last page. */
  readonly after?: string;
}

export interface LeaveCommand {
  readonly kind: "leave";
  readonly group: string;
}

export interface Answers {
  login: { readonly seconds: number; readonly wait: Quantiles };
  chat: { readonly seconds: number; readonly received: number; readonly notices: number; readonly latency: Quantiles };
  store: { readonly seconds: number };
  flush: { readonly seconds: number; readonly received: number };
  pages: { readonly seconds: number; readonly messages: number; readonly wait: Quantiles };
  leave: Record<string, never>;
}

export type Command = LoginCommand | ChatCommand | StoreCommand | FlushCommand | PagesCommand | LeaveCommand;

export interface Request {
  readonly number: number;
  readonly command: Command;
}

export type Reply =
  | { readonly number: number; readonly answer: Answers[keyof Answers] }
  | { readonly number: number; readonly fault: string };
