/** What the actor of one hop knows; its rooms, the files of this folder, share it. @module */
import { SeqMap } from "../../store/seq_map.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { Envelope } from "../delivery/delivery_letter.ts";
import type { Holder, OwnEffect } from "../delivery/holder.ts";
import { RecentSeqs } from "../delivery/recent_seqs.ts";
import type { Tracked } from "../delivery/tracked.ts";
import type { Node } from "../node.ts";
import type { Hop, HopOptions } from "./hop.ts";
import type { HopRef } from "./hop_letter.ts";
import { Lanes } from "./lanes.ts";
import { QueueShares } from "./queue_shares.ts";

export interface HopStart {
  /** Its log in the store is that of this domain. */
  readonly domain: string;
  readonly hop: Hop;
  readonly options: HopOptions;
  readonly self: () => HopRef;
}

/** How many are remembered at least. */
const GONE_REPORTS = 500;

type CarryOutOwn = (state: HopState, tracked: Tracked, effect: OwnEffect) => void;

export class HopState implements Holder {
  readonly node: Node;
  readonly owner: Jid;
  readonly offline = true;
  readonly hop: Hop;
  readonly options: HopOptions;
  readonly self: () => HopRef;
  readonly inFlight = new SeqMap<Tracked>();
  readonly lanes = new Lanes();
  /** Of what waits, in memory or in the store. */
  readonly shares = new QueueShares();
  /** Rows below this number were here before; they are counted when they are read. */
  readonly openedAt: number;
  /** What came before the log was open and its first page read: nothing is accepted until then. Undefined: it is so. */
  early: Envelope[] | undefined = [];
  /** Attempts under way. */
  sending = 0;
  /** The last attempt had no answer: what comes now lies here for a while. */
  isHeldUp = false;
  /** Reports from the log that have gone: their envelopes may still be on the way here. */
  readonly goneReports = new RecentSeqs(GONE_REPORTS);
  /** Rows beyond `readTo` wait in the store alone. */
  hasMore = true;
  isReading = false;
  /** A message was left in the store while it was being read, which may have been too early for it. */
  leftSince = false;
  readTo = 0;
  isStopped = false;
  readonly #over: (state: HopState, tracked: Tracked) => void;
  readonly #carryOutOwn: CarryOutOwn;

  /**
   * `over`: what follows the end of a message; `carryOutOwn`: what an effect does to a queue. They are given, since their files
   * need this one.
   */
  constructor(
    node: Node,
    start: HopStart,
    over: (state: HopState, tracked: Tracked) => void,
    carryOutOwn: CarryOutOwn,
  ) {
    this.node = node;
    this.openedAt = node.seqs.next();
    this.owner = Jid.parse(start.domain);
    this.hop = start.hop;
    this.options = start.options;
    this.self = start.self;
    this.#over = over;
    this.#carryOutOwn = carryOutOwn;
  }

  /** A hop has no sessions. */
  resourcesOf(): readonly string[] {
    return [];
  }

  moved(tracked: Tracked, isOver: boolean): void {
    if (!isOver) return;
    this.shares.count(tracked.stanza, -1);
    if (tracked.flight.notice) this.goneReports.add(tracked.seq);
    this.#over(this, tracked);
  }

  /** Modules see the messages of accounts alone. */
  settled(): void {}

  carryOutOwn(tracked: Tracked, effect: OwnEffect): void {
    this.#carryOutOwn(this, tracked, effect);
  }
}
