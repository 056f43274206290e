import { describe, expect, test } from "bun:test";
import { commands } from "../../modules/commands.ts";
import { disco } from "../../modules/disco.ts";
import type { RosterItem } from "../../store/store.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { CHAMBER, FakeContext, item } from "./fake_context.ts";

const NODE = "urn:ampact:forwarding";
const JULIET = CHAMBER.text;

/** Of others, as far as juliet is on them. */
const ROSTERS: Record<string, readonly RosterItem[]> = {
  "nurse@capulet.lit": [item("juliet@capulet.lit", { subscription: "from" })],
  "romeo@capulet.lit": [item("juliet@capulet.lit", { subscription: "to" })],
  "tybalt@capulet.lit": [item("juliet@capulet.lit", { ask: true })],
  "benvolio@capulet.lit": [item("rosaline@capulet.lit", { subscription: "both" })],
};

function create(forwardTo?: string): FakeContext {
  const credentials = async (account: string) => (account === "juliet@capulet.lit" ? {} : undefined);
  const user = async (account: string) =>
    (account === "juliet@capulet.lit" ? { forwardTo } : ROSTERS[account] && { roster: ROSTERS[account] }) as never;
  return new FakeContext({
    modules: [disco, commands],
    served: ["sms.example.org"],
    store: { credentials, user },
  });
}

async function asks(context: FakeContext, type: "get" | "set", payload: Markup, from = JULIET): Promise<Stanza> {
  const text = xml`<iq xmlns="jabber:client" type="${type}" id="c1" from="${from}" to="capulet.lit">${payload}</iq>`
    .text;
  return await context.registry.answerServer(Stanza.parse(text), context);
}

const command = (attributes: Markup, content?: Markup) =>
  xml`<command xmlns="${NS.COMMANDS}" node="${NODE}"${attributes}>${content}</command>`;
const submit = (address: string) => xml`
  <x xmlns="${NS.DATA}" type="submit">
    <field var="FORM_TYPE"><value>urn:ampact:forwarding</value></field>
    <field var="address"><value>${address}</value></field>
  </x>`;

async function begins(context: FakeContext): Promise<string> {
  const answer = await asks(context, "set", command(xml` action="execute"`));
  return answer.payload("command", NS.COMMANDS)?.attr("sessionid") ?? "";
}

describe("XEP-0050", () => {
  test("2.2, 2.3: disco lists the commands, and tells of each", async () => {
    const context = create();
    const list = await asks(context, "get", xml`<query xmlns="${NS.DISCO_ITEMS}" node="${NS.COMMANDS}"/>`);
    const items = list.payload("query", NS.DISCO_ITEMS)?.elements.map((item) => item.attributes);
    expect(items).toEqual([{ jid: "capulet.lit", node: NODE, name: "Forward messages" }]);
    const info = await asks(context, "get", xml`<query xmlns="${NS.DISCO_INFO}" node="${NODE}"/>`);
    const query = info.payload("query", NS.DISCO_INFO)!;
    expect(query.child("identity", NS.DISCO_INFO)?.attributes).toMatchObject({
      category: "automation",
      type: "command-node",
    });
  });

  test("3.1: execute gives the form with what is set now; complete carries it out", async () => {
    const context = create("nurse@capulet.lit");
    const first = (await asks(context, "set", command(xml` action="execute"`))).payload("command", NS.COMMANDS)!;
    expect(first.attributes).toMatchObject({ node: NODE, status: "executing" });
    const form = first.child("x", NS.DATA)!;
    const field = form.childrenNamed("field", NS.DATA).find((each) => each.attr("var") === "address");
    expect(field?.child("value", NS.DATA)?.text).toBe("nurse@capulet.lit");
    const id = first.attr("sessionid")!;
    const done = await asks(
      context,
      "set",
      command(xml` sessionid="${id}" action="complete"`, submit("+4912@sms.example.org")),
    );
    expect(done.payload("command", NS.COMMANDS)?.attributes).toEqual({
      node: NODE,
      sessionid: id,
      status: "completed",
    });
    expect(context.deeds).toContainEqual(["setForward", "juliet@capulet.lit", "+4912@sms.example.org"]);
  });

  test("an empty address removes it; execute alone completes, as the form says", async () => {
    const context = create("nurse@capulet.lit");
    await asks(context, "set", command(xml` sessionid="${await begins(context)}"`, submit("")));
    expect(context.deeds).toContainEqual(["setForward", "juliet@capulet.lit", undefined]);
  });

  test.each(["nurse", "romeo"])("a contact may be forwarded to: %s", async (name) => {
    const context = create();
    await asks(context, "set", command(xml` sessionid="${await begins(context)}"`, submit(`${name}@capulet.lit`)));
    expect(changes(context)).toEqual([["setForward", "juliet@capulet.lit", `${name}@capulet.lit`]]);
  });

  test("one that is no contact may not, in the same words whether it exists", async () => {
    const answers = new Set<string | undefined>();
    for (const name of ["tybalt", "benvolio", "nobody"]) {
      const context = create();
      const address = `${name}@capulet.lit`;
      const session = await begins(context);
      const answer = await asks(context, "set", command(xml` sessionid="${session}"`, submit(address)));
      expect(errorOf(answer)).toBe("not-acceptable");
      expect(changes(context)).toEqual([]);
      answers.add(answer.payload("error", NS.CLIENT)?.toString().replace(address, "NAME"));
    }
    expect([...answers]).toHaveLength(1);
  });

  test("4.3: cancel ends it, and nothing is done", async () => {
    const context = create();
    const id = await begins(context);
    const answer = await asks(context, "set", command(xml` sessionid="${id}" action="cancel"`));
    expect(answer.payload("command", NS.COMMANDS)?.attr("status")).toBe("canceled");
    const late = await asks(context, "set", command(xml` sessionid="${id}" action="complete"`, submit("")));
    expect(errorOf(late)).toBe("bad-request bad-sessionid");
    expect(changes(context)).toEqual([]);
  });

  const refusals: readonly [string, Markup, Markup | undefined, string][] = [
    [
      "a session that never began",
      xml` sessionid="nowhere" action="complete"`,
      submit(""),
      "bad-request bad-sessionid",
    ],
    ["a beginning that is none", xml` action="complete"`, submit(""), "bad-request bad-action"],
    ["a step back", xml` sessionid="{id}" action="prev"`, submit(""), "bad-request bad-action"],
    ["an action of no protocol", xml` sessionid="{id}" action="explode"`, submit(""), "bad-request malformed-action"],
    ["no form", xml` sessionid="{id}" action="complete"`, undefined, "bad-request bad-payload"],
    ["itself", xml` sessionid="{id}" action="complete"`, submit("juliet@capulet.lit"), "not-acceptable"],
    ["no address", xml` sessionid="{id}" action="complete"`, submit("@"), "not-acceptable"],
    ["a domain of others", xml` sessionid="{id}" action="complete"`, submit("romeo@montague.lit"), "not-acceptable"],
  ];
  test.each(refusals)("4.5: %s is refused", async (_, attributes, form, condition) => {
    const context = create();
    const id = await begins(context);
    const text = command(attributes, form).text.replace("{id}", id);
    const stanza = `<iq xmlns="jabber:client" type="set" id="c2" from="${JULIET}" to="capulet.lit">${text}</iq>`;
    expect(errorOf(await context.registry.answerServer(Stanza.parse(stanza), context))).toBe(condition);
    expect(changes(context)).toEqual([]);
  });

  test.each(["romeo@montague.lit/garden", "paris@capulet.lit/church"])("%s may not run it", async (from) => {
    const context = create();
    expect(errorOf(await asks(context, "set", command(xml` action="execute"`), from))).toBe("forbidden");
  });

  test("somebody else's session is none", async () => {
    const context = create();
    const id = await begins(context);
    const answer = await asks(context, "set", command(xml` sessionid="${id}"`, submit("")), "juliet@capulet.lit/other");
    expect(errorOf(answer)).toBe("bad-request bad-sessionid");
  });
});

function errorOf(stanza: Stanza): string {
  const error = stanza.payload("error", NS.CLIENT);
  return (error?.elements ?? [])
    .filter(({ name }) => name !== "text")
    .map(({ name }) => name)
    .join(" ");
}

function changes({ deeds }: FakeContext): unknown[] {
  return deeds.filter(([what]) => what !== "store");
}
