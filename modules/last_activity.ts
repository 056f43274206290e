/**
 * Last Activity: for an account the time since its last resource left, for the domain its uptime. XEP-0012 v2.0.
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import { type AccountContext, get, type IqRequest, type ServerModule } from "./module.ts";

export const lastActivity: ServerModule = {
  name: "last_activity",
  xeps: [{ xep: 12, title: "Last Activity", version: "2.0", status: "complete" }],
  features: [NS.LAST],
  accountFeatures: [NS.LAST],
  serverIq: {
    // Section 5: the process's own monotonic clock, since the server's may be set back.
    [get(NS.LAST, "query")]: () => answer(performance.now()),
  },
  accountIq: { [get(NS.LAST, "query")]: ofAccount },
};

/** Section 4: only for who may see the presence. */
function ofAccount(iq: IqRequest, context: AccountContext): Markup | Promise<Markup> {
  if (!context.exists || !context.sharesPresenceWith(iq.from)) throw new StanzaError("forbidden");
  return context.resources.some((resource) => resource.available) ? answer(0) : sinceLogout(context);
}

async function sinceLogout(context: AccountContext): Promise<Markup> {
  const last = (await context.store.user(context.owner.text))?.lastActivity;
  // Never there yet.
  if (last === undefined) throw new StanzaError("item-not-found");
  return answer(context.now() - last.at, last.status);
}

function answer(ms: number, status = ""): Markup {
  return xml`<query xmlns="${NS.LAST}" seconds="${Math.max(0, Math.floor(ms / 1000))}">${status}</query>`;
}
