/** The configuration key `components.domains`. @module */
import * as v from "valibot";
import { fromJson } from "../modules/from_json.ts";
import type { Setting } from "../modules/setting.ts";
import { Jid } from "../xmpp/jid.ts";

export interface ComponentSecret {
  /** Shared with the component. */
  readonly secret: string;
}

/** Components, by their domain. */
export function componentDomains(about: string): Setting<Readonly<Record<string, ComponentSecret>>> {
  const domain = v.pipe(v.string(), v.check(isDomain), v.transform(canonical));
  const schema = v.record(domain, v.strictObject({ secret: v.pipe(v.string(), v.minLength(16)) }));
  return {
    schema: schema as v.GenericSchema<unknown, Readonly<Record<string, ComponentSecret>>>,
    expected: "a table of domains, each with secret (16 characters or more)",
    about,
    fromText: fromJson,
    fallback: () => ({}),
    fallbackText: "none",
  };
}

function isDomain(text: string): boolean {
  const jid = Jid.tryParse(text);
  return jid !== undefined && jid.local === "" && jid.resource === "";
}

function canonical(text: string): string {
  return Jid.parse(text).domain;
}
