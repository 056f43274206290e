import type { UserRecord } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { ServerContext } from "../module.ts";

/**
 * Removes an account with all that belongs to it, and ends its streams. Its subscriptions end both ways (XEP-0077
 * section 3.2): a later owner of the name must not see the presence of these contacts. Returns false where there is no
 * such account.
 */
export async function removeAccount(account: Jid, context: ServerContext): Promise<boolean> {
  const user = await context.store.user(account.text);
  if (user === undefined || !(await context.store.removeAccount(account.text))) return false;
  for (const [jid, type] of farewells(user)) {
    context.route(Stanza.build("presence", { from: account, to: Jid.parse(jid), type }));
  }
  context.log.info("account removed", { account: account.text });
  context.endAccount(account);
  return true;
}

function farewells({ roster, requests }: UserRecord): (readonly [jid: string, type: string])[] {
  const ended = roster.flatMap(({ jid, subscription, ask }) => {
    const from = subscription === "from" || subscription === "both" ? [[jid, "unsubscribed"] as const] : [];
    const to = subscription === "to" || subscription === "both" || ask ? [[jid, "unsubscribe"] as const] : [];
    return [...from, ...to];
  });
  return [...ended, ...requests.map(({ from }) => [from, "unsubscribed"] as const)];
}
