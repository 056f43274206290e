/** The server's context for modules' routes, which are made before the server starts. @module */
import type { ServerContext } from "../modules/module.ts";

type Known = Pick<ServerContext, "settings" | "modules" | "description" | "log" | "now" | "newId">;

/** Members that need a running server throw before the start. */
export function lateContext(known: Known, running: () => ServerContext): ServerContext {
  return {
    settings: known.settings,
    modules: known.modules,
    description: known.description,
    log: known.log,
    now: known.now,
    newId: known.newId,
    get serverMemory() {
      return running().serverMemory;
    },
    get stanzaIds() {
      return running().stanzaIds;
    },
    get store() {
      return running().store;
    },
    serves: (domain) => running().serves(domain),
    items: () => running().items(),
    route: (stanza) => running().route(stanza),
    endAccount: (account) => running().endAccount(account),
    endSessions: (account, except) => running().endSessions(account, except),
    setForward: (account, to) => running().setForward(account, to),
  };
}
