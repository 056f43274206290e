/** A destination in one file: it answers every message with an echo. @module */
import { type Destination, type DestinationContext, RESOURCELESS } from "../../mod.ts";

export function echo(domain: string): Destination {
  let context: DestinationContext;
  return {
    serves: (asked) => asked === domain,
    start: (given) => {
      context = given;
    },
    plan: () => RESOURCELESS,
    accept(envelope) {
      const { stanza } = envelope;
      if (stanza.name !== "message" || stanza.type === "error") return;
      if (stanza.id === "lost") return context.finish(envelope, { kind: "none", condition: "service-unavailable" });
      context.route(stanza.readdress({ from: stanza.to, to: stanza.from }));
      context.finish(envelope, { kind: "direct", resource: "" });
    },
  };
}
