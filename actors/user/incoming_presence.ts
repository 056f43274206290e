/** Presence of another account, for an account's own resources. RFC 6121 sections 8.5.2.1.2 and 8.5.3. @module */
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Node } from "../node.ts";
import type { ResourceEntry } from "../profile.ts";

/** To all available resources, or to the one that it is addressed to. */
export function showPresence(
  node: Node,
  stanza: Stanza,
  resources: readonly Pick<ResourceEntry, "jid" | "session">[],
  ofStranger: boolean,
): void {
  const { resource } = stanza.to!;
  for (const { jid, session } of resources) {
    const ref = node.session(session);
    const isMeant = resource === "" ? ref?.view?.available : jid.resource === resource;
    if (isMeant) ref?.tell({ kind: "deliver", stanza, seq: 0, ofStranger });
  }
}
