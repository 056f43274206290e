/** Presence of somebody else, to an account's own resources. RFC 6121 sections 8.5.2.1.2 and 8.5.3. @module */
import type { Stanza } from "../xmpp/stanza.ts";
import type { ResourceEntry } from "./protocol.ts";

/** To all available resources, or to the one that it is addressed to. */
export function showPresence(stanza: Stanza, resources: readonly Pick<ResourceEntry, "jid" | "ref">[]): void {
  const { resource } = stanza.to!;
  for (const entry of resources) {
    if (resource === "" ? entry.ref.view?.available : entry.jid.resource === resource) {
      entry.ref.tell({ kind: "deliver", stanza, seq: 0 });
    }
  }
}
