/** The configuration key `outcomes.objectives`: how soon which share of messages is to be proved received. @module */
import * as v from "valibot";
import { fromJson } from "../../modules/from_json.ts";
import type { Setting } from "../../modules/setting.ts";
import { Jid } from "../../xmpp/jid.ts";

export interface Objective {
  /** A bare JID or a domain: messages from or to it. */
  readonly match: string;
  /** The time from the acceptance of a message until a device, or a gateway, has proved that it has it: "500 ms", "5 s", "2 min", "1 h". */
  readonly proved_within: string;
  /** Of the messages, above 0 and below 1: 0.99. */
  readonly share: number;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
const DURATION = /^(\d{1,6}) ?(ms|s|min|h)$/;
const LONGEST_MS = 86_400_000;

/** Undefined: the text is no duration of 1 ms to a day. */
function readDuration(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined) return undefined;
  const ms = Number(count) * UNITS[unit!]!;
  return ms >= 1 && ms <= LONGEST_MS ? ms : undefined;
}

/** In milliseconds, of text that the configuration has checked. */
export function withinMs({ proved_within }: Objective): number {
  return readDuration(proved_within)!;
}

/** By this one is told from another. */
export function objectiveName({ match, proved_within, share }: Objective): string {
  return `${match} ${share} within ${proved_within}`;
}

const objective = v.strictObject({
  match: v.pipe(
    v.string(),
    v.check((text) => Jid.tryParse(text)?.isBare === true),
    v.transform((text) => Jid.parse(text).text),
  ),
  proved_within: v.pipe(
    v.string(),
    v.check((text) => readDuration(text) !== undefined),
  ),
  share: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
});

export function objectiveSetting(about: string): Setting<readonly Objective[]> {
  const schema = v.pipe(
    v.array(objective),
    v.maxLength(100),
    v.check((all) => new Set(all.map(objectiveName)).size === all.length),
  );
  return {
    schema: schema as v.GenericSchema<unknown, readonly Objective[]>,
    expected:
      'a list of at most 100 different tables, each with match (a bare JID or a domain), proved_within ("5 s"; ms, s, min or h, at most a day) and share (above 0 and below 1)',
    about,
    fromText: fromJson,
    fallback: () => [],
    fallbackText: "none",
  };
}
