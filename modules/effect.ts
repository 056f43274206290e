import type { Stanza } from "../xmpp/stanza.ts";

/** An effect that a module asks for; the actor carries it out. */
export type Effect =
  | { readonly kind: "route"; readonly stanza: Stanza }
  /** `isCopy`: it is the message at hand in another form, so that this resource needs no other. */
  | { readonly kind: "resource"; readonly resource: string; readonly stanza: Stanza; readonly isCopy?: boolean };
