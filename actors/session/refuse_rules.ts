import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { takeIn } from "../delivery/intake.ts";
import type { Node } from "../node.ts";
import type { Profile } from "../protocol.ts";

/**
 * The refusal of a message with rules, before anything is asked of its recipient: so it costs the same for one who is
 * there, away, blocking or missing, and tells nothing (XEP-0079 section 9). What passes here may still be refused there.
 */
export function refuseRules(stanza: Stanza, node: Node, profile: Profile): Stanza | undefined {
  if (!stanza.has("amp", NS.AMP)) return undefined;
  const taken = takeIn(stanza, {
    limits: node.settings.ruleLimits,
    now: node.now(),
    maySee: () => maySee(stanza, node, profile),
  });
  return taken.kind === "refused" ? taken.reply : undefined;
}

/** By the sender's own roster; what is no account of ours has no presence to hide. */
function maySee({ from, to }: Stanza, node: Node, profile: Profile): boolean {
  if (node.settings.presencePolicy === "open" || to!.local === "" || !node.isLocal(to!.domain)) return true;
  return to!.bare.equals(from!.bare) || profile.watched.has(to!.bare.text);
}
