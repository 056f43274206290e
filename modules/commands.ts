/** Ad-Hoc Commands of the server, for its own users. XEP-0050 v1.3.0. @module */
import { StanzaError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { attr, type Markup, xml } from "../xmpp/xml/xml.ts";
import type { Command } from "./commands/command.ts";
import { COMMAND_SESSIONS } from "./commands/command_sessions.ts";
import { forwarding } from "./commands/forwarding.ts";
import { readForm } from "./forms/data_form.ts";
import { type IqRequest, type ServerContext, type ServerModule, set } from "./module.ts";

const COMMANDS: readonly Command[] = [forwarding];

/** Section 2.3: what disco tells of a command's node. */
const COMMAND_NODE = (name: string) => ({
  identities: [{ category: "automation", type: "command-node", name }],
  features: [NS.COMMANDS, NS.DATA],
});

const LIST_NODE = {
  identities: [{ category: "automation", type: "command-list", name: "Commands" }],
  features: [NS.COMMANDS],
};

export const commands: ServerModule = {
  name: "commands",
  xeps: [{ xep: 50, title: "Ad-Hoc Commands", version: "1.3.0", status: "complete" }],
  features: [NS.COMMANDS],
  nodes: {
    [NS.COMMANDS]: LIST_NODE,
    ...Object.fromEntries(COMMANDS.map(({ node, name }) => [node, COMMAND_NODE(name)])),
  },
  nodeItems: { [NS.COMMANDS]: COMMANDS.map(({ node, name }) => ({ node, name })) },
  serverIq: { [set(NS.COMMANDS, "command")]: onCommand },
};

/** Section 4.1: one step of a command. */
async function onCommand(iq: IqRequest, context: ServerContext): Promise<Markup> {
  const { payload, from } = iq;
  const command = COMMANDS.find(({ node }) => node === payload.attr("node"));
  if (command === undefined) throw new StanzaError("item-not-found");
  const isOurs = context.settings.domains.includes(from.domain);
  if (!isOurs || !(await command.mayRun(from, context))) throw new StanzaError("forbidden");
  const id = payload.attr("sessionid");
  const action = payload.attr("action") ?? "execute";
  if (id === undefined) {
    if (action !== "execute") throw fault("bad-action");
    return await begin(command, from, context);
  }
  return await proceed({ iq, command, id, action }, context);
}

async function begin(command: Command, user: Jid, context: ServerContext): Promise<Markup> {
  const id = context.newId();
  const form = await command.form(user, context);
  context.serverMemory.get(COMMAND_SESSIONS).open(id, { node: command.node, user, startedAt: context.now() });
  return answer(command, id, "executing", xml`<actions execute="complete"><complete/></actions>${form}`);
}

interface Step {
  readonly iq: IqRequest;
  readonly command: Command;
  readonly id: string;
  readonly action: string;
}

async function proceed({ iq, command, id, action }: Step, context: ServerContext): Promise<Markup> {
  const sessions = context.serverMemory.get(COMMAND_SESSIONS);
  if (!sessions.isOpen(id, iq.from)) throw fault("bad-sessionid");
  if (action === "prev" || action === "next") throw fault("bad-action");
  if (action !== "cancel" && action !== "complete" && action !== "execute") throw fault("malformed-action");
  const form = readForm(iq.payload, command.formType);
  if (action !== "cancel" && form.kind !== "submit" && form.kind !== "cancel") throw fault("bad-payload");
  if (!sessions.close(id, { node: command.node, user: iq.from, now: context.now() })) {
    throw fault("session-expired", "not-allowed");
  }
  if (action === "cancel" || form.kind !== "submit") return answer(command, id, "canceled");
  const note = await command.run(iq.from, form.values, context);
  return answer(command, id, "completed", xml`<note type="info">${note}</note>`);
}

function answer(command: Command, id: string, status: string, content?: Markup): Markup {
  const attributes = [attr("node", command.node), attr("sessionid", id), attr("status", status)];
  return xml`<command xmlns="${NS.COMMANDS}"${attributes}>${content}</command>`;
}

/** Section 4.5. */
function fault(condition: string, stanzaCondition: "bad-request" | "not-allowed" = "bad-request"): StanzaError {
  return new StanzaError(stanzaCondition, { application: xml`<${condition} xmlns="${NS.COMMANDS}"/>` });
}
