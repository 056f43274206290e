/** The command by which a user sets the own forwarding address. @module */
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Markup } from "../../xmpp/xml/xml.ts";
import { type FormValues, formMarkup } from "../forms/data_form.ts";
import { ForwardingError, forwardingAddress } from "../forwarding/forwarding_address.ts";
import type { ServerContext } from "../module.ts";
import type { Command } from "./command.ts";

const FORM_TYPE = "urn:ampact:forwarding";
const FIELD = "address";
const LABEL = "Forward messages to this address while I am away (empty: do not)";

export const forwarding: Command = {
  node: "urn:ampact:forwarding",
  name: "Forward messages",
  formType: FORM_TYPE,
  mayRun: async (user, { store }) => (await store.credentials(user.bare.text)) !== undefined,
  form,
  run,
};

async function form(user: Jid, { store }: ServerContext): Promise<Markup> {
  const current = (await store.user(user.bare.text))?.forwardTo;
  const values = current === undefined ? {} : { values: [current] };
  return formMarkup("form", FORM_TYPE, [{ name: FIELD, type: "jid-single", label: LABEL, ...values }]);
}

async function run(user: Jid, values: FormValues, context: ServerContext): Promise<string> {
  const text = values.get(FIELD)?.[0]?.trim() ?? "";
  const to = text === "" ? undefined : readAddress(text, user, context);
  if (to !== undefined && !(await agrees(to, user, context))) {
    throw new StanzaError("not-acceptable", { text: `Cannot forward to "${to.text}": it is no contact of yours` });
  }
  if (!(await context.setForward(user.bare, to))) throw new StanzaError("item-not-found");
  return to === undefined ? "Messages are not forwarded." : `Messages are forwarded to ${to.text} while you are away.`;
}

/**
 * Whether a local account has requested or granted a subscription with the user. An unknown account is refused in the
 * same way.
 */
async function agrees(to: Jid, user: Jid, { settings, store }: ServerContext): Promise<boolean> {
  if (!settings.domains.includes(to.domain)) return true;
  const account = await store.user(to.text);
  return account?.roster.some((item) => item.jid === user.bare.text && item.subscription !== "none") === true;
}

function readAddress(text: string, user: Jid, context: ServerContext): Jid {
  try {
    return forwardingAddress(text, user.bare, context);
  } catch (error) {
    if (error instanceof ForwardingError) throw new StanzaError("not-acceptable", { text: error.message });
    throw error;
  }
}
