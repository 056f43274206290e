/** All cases, in the order in which they run. @module */
import type { Bench } from "../bench.ts";
import type { CaseResult } from "../result.ts";
import { accountsGrowth } from "./accounts_growth.ts";
import { archiveGrowth } from "./archive_growth.ts";
import { chatCase } from "./chat_case.ts";
import { latency } from "./latency.ts";
import { memoryOverTime } from "./memory_over_time.ts";
import { offline } from "./offline.ts";
import { pendingGrowth } from "./pending_growth.ts";
import { rosterGrowth } from "./roster_growth.ts";
import { sessionMemory } from "./session_memory.ts";
import { sessionsGrowth } from "./sessions_growth.ts";

export interface Case {
  readonly name: string;
  readonly about: string;
  readonly run: (bench: Bench) => Promise<CaseResult>;
}

export const CASES: readonly Case[] = [
  {
    name: "relay-ws",
    about: "the bare relay over WebSocket: what the runtime can do at all",
    run: chatCase({ kind: "relay", transport: "ws" }),
  },
  { name: "relay-tcp", about: "the same over TCP", run: chatCase({ kind: "relay", transport: "tcp" }) },
  {
    name: "chat-ws",
    about: "50 pairs, 1,000 messages under way, WebSocket",
    run: chatCase({ kind: "server", transport: "ws", against: "relay-ws" }),
  },
  {
    name: "chat-tcp",
    about: "the same over TCP",
    run: chatCase({ kind: "server", transport: "tcp", against: "relay-tcp" }),
  },
  {
    name: "archive-ws",
    about: "each message archived for both sides, WebSocket",
    run: chatCase({ kind: "server", transport: "ws", archive: true, against: "chat-ws" }),
  },
  {
    name: "archive-tcp",
    about: "the same over TCP",
    run: chatCase({ kind: "server", transport: "tcp", archive: true, against: "chat-tcp" }),
  },
  {
    name: "amp-direct",
    about: "a notice for each message that was received (XEP-0079, deliver=direct)",
    run: chatCase({ kind: "server", transport: "ws", rules: "direct", against: "chat-ws" }),
  },
  {
    name: "amp-inert",
    about: "two rules that are not met in each message",
    run: chatCase({ kind: "server", transport: "ws", rules: "inert", against: "chat-ws" }),
  },
  { name: "offline", about: "messages to users who are away, and their delivery", run: offline },
  { name: "sessions", about: "memory and login of a session", run: sessionMemory },
  { name: "grow-sessions", about: "a message, with up to 10,000 sessions", run: sessionsGrowth },
  { name: "grow-archive", about: "a message and an archive page, with up to 10^6 archived", run: archiveGrowth },
  { name: "grow-roster", about: "a message and a login, with up to 1,000 contacts", run: rosterGrowth },
  { name: "grow-accounts", about: "a login, with up to 100,000 accounts", run: accountsGrowth },
  { name: "grow-pending", about: "delivery to a user for whom up to 10,000 messages wait", run: pendingGrowth },
  { name: "latency", about: "waiting for a message at half load", run: latency },
  { name: "memory", about: "memory after an hour's worth of chat", run: memoryOverTime },
];
