/** Chooses the rules of XEP-0079 for a chaos message. @module */
import { formatDateTime } from "../xmpp/date_time.ts";
import type { ChaosRule } from "./history.ts";
import type { Random } from "./random.ts";

const deliver = (value: "direct" | "stored", action: ChaosRule["action"]): ChaosRule => ({
  condition: "deliver",
  value,
  action,
});

type Mix = "none" | "direct" | "stored" | "both" | "drop" | "error" | "alert" | "expire" | "expire-notified";

const MIXES: Readonly<Record<Mix, number>> = {
  none: 25,
  direct: 10,
  stored: 8,
  both: 25,
  drop: 5,
  error: 8,
  alert: 5,
  expire: 8,
  "expire-notified": 6,
};

export function chooseRules(random: Random, now: number): readonly ChaosRule[] {
  const mix = random.weighted(MIXES);
  switch (mix) {
    case "none":
      return [];
    case "direct":
    case "stored":
      return [deliver(mix, "notify")];
    case "both":
      return [deliver("direct", "notify"), deliver("stored", "notify")];
    case "drop":
    case "error":
    case "alert":
      return [deliver("stored", mix), deliver("direct", "notify")];
    case "expire":
      return [expiry(random, now)];
    case "expire-notified":
      // The first rule that is met ends the processing (XEP-0079 2.2.3): the deadline has to come first to stay open.
      return [expiry(random, now), deliver("stored", "notify")];
    default:
      return mix satisfies never;
  }
}

function expiry(random: Random, now: number): ChaosRule {
  const value = formatDateTime(now + random.between(200, 4000));
  return { condition: "expire-at", value, action: random.pick(["drop", "error", "alert", "notify"] as const) };
}
