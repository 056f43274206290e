/** A received message, as a chaos client reads it. @module */
import { NS } from "../xmpp/ns.ts";
import type { Element } from "../xmpp/xml/element.ts";

export type ReadMessage =
  /** A carbon copy. */
  | { readonly kind: "copy"; readonly id: string }
  | { readonly kind: "chat"; readonly id: string; readonly stanzaId: string }
  | {
      readonly kind: "report";
      readonly id: string;
      readonly report: "notify" | "alert" | "error" | "bounce";
      readonly why: string;
      readonly stanzaId: string;
    }
  | { readonly kind: "other" };

export function readMessage(message: Element, owner: string): ReadMessage {
  const copied = copyIn(message);
  if (copied !== undefined) return { kind: "copy", id: copied.attr("id") ?? "" };
  const id = message.attr("id") ?? "";
  const stanzaId = stanzaIdOf(message, owner);
  const amp = message.child("amp", NS.AMP);
  const status = amp?.attr("status");
  if (status === "notify" || status === "alert" || status === "error") {
    const rule = amp!.child("rule", NS.AMP);
    return { kind: "report", id, report: status, why: `${rule?.attr("condition")}=${rule?.attr("value")}`, stanzaId };
  }
  if (message.attr("type") === "error") {
    const why = message.child("error", NS.CLIENT)?.elements[0]?.name ?? "";
    return { kind: "report", id, report: "bounce", why, stanzaId };
  }
  return message.child("body", NS.CLIENT) === undefined ? { kind: "other" } : { kind: "chat", id, stanzaId };
}

/** XEP-0280 sections 7 and 8. */
function copyIn(message: Element): Element | undefined {
  const wrapper = message.child("received", NS.CARBONS) ?? message.child("sent", NS.CARBONS);
  return wrapper?.child("forwarded", NS.FORWARD)?.child("message", NS.CLIENT);
}

/** XEP-0359: only the id that the owner's archive or server gave counts. */
function stanzaIdOf(message: Element, owner: string): string {
  const givers = [owner, owner.slice(owner.indexOf("@") + 1)];
  const own = message.childrenNamed("stanza-id", NS.SID).find((element) => givers.includes(element.attr("by") ?? ""));
  return own?.attr("id") ?? "";
}
