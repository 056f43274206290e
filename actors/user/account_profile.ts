/** Makes the value that describes an account to delivery. @module */
import type { Profile, ResourceEntry } from "../profile.ts";
import { isWatcher, type LiveAccount, type LiveResource, type RosterSets } from "./live_account.ts";

const NOBODY: ReadonlySet<string> = new Set();
/** One value stands for every empty roster. */
const NO_CONTACTS: RosterSets = { watchers: NOBODY, watched: NOBODY, contacts: NOBODY };

export function profileOf(account: LiveAccount): Profile {
  const { watchers, watched, contacts } = rosterSets(account);
  return {
    exists: account.exists || account.live.length > 0,
    persistent: account.exists,
    resources: account.live.map(entryOf),
    blocked: account.blocked,
    watchers,
    watched,
    forwardTo: account.forwardTo,
    archivePreferences: account.archivePreferences,
    contacts,
  };
}

/** The account has changed: delivery gets a new profile. */
export function tellProfile(account: LiveAccount): void {
  account.delivery.tell({ kind: "profile", profile: profileOf(account) });
}

function entryOf({ jid, session, marks, caughtUpTo }: LiveResource): ResourceEntry {
  return { resource: jid.resource, jid, session, marks, seenUntil: caughtUpTo };
}

/** Computed only when the roster has changed, since every presence sends a profile. */
function rosterSets(account: LiveAccount): RosterSets {
  account.rosterSets ??= account.roster.size === 0 ? NO_CONTACTS : readRoster(account);
  return account.rosterSets;
}

function readRoster({ roster }: LiveAccount): RosterSets {
  const watchers = new Set<string>();
  const watched = new Set<string>();
  for (const item of roster.values()) {
    if (isWatcher(item)) watchers.add(item.jid);
    if (item.subscription === "to" || item.subscription === "both") watched.add(item.jid);
  }
  return { watchers, watched, contacts: new Set(roster.keys()) };
}
