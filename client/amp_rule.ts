/** The rules of XEP-0079 section 3.3, and functions that make them. @module */

/** XEP-0079 section 3.4. */
export type AmpAction = "alert" | "drop" | "error" | "notify";

export type AmpRule =
  | {
      readonly condition: "deliver";
      readonly value: "direct" | "stored" | "none" | "forward" | "gateway";
      readonly action: AmpAction;
    }
  | { readonly condition: "expire-at"; readonly value: string; readonly action: AmpAction }
  | { readonly condition: "match-resource"; readonly value: "any" | "exact" | "other"; readonly action: AmpAction };

type ValueOf<Condition> = Extract<AmpRule, { readonly condition: Condition }>["value"];

/** Met when the message is about to end this way. Section 3.3.1. */
export function deliver(value: ValueOf<"deliver">, action: AmpAction): AmpRule {
  return { condition: "deliver", value, action };
}

/** Met when the message has not been delivered by then. Section 3.3.2. Throws RangeError for an invalid date. */
export function expireAt(time: Date, action: AmpAction): AmpRule {
  return { condition: "expire-at", value: time.toISOString(), action };
}

/** Met by how the resource that gets the message relates to the address. Section 3.3.3. */
export function matchResource(value: ValueOf<"match-resource">, action: AmpAction): AmpRule {
  return { condition: "match-resource", value, action };
}
