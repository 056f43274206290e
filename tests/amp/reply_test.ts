import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { EventAddress } from "../../amp/reply.ts";
import {
  ampElement,
  failedRules,
  forbiddenStatus,
  missingId,
  notice,
  refusal,
  serviceUnavailable,
} from "../../amp/reply.ts";
import type { FaultKind } from "../../amp/rule.ts";
import { ACTIONS } from "../../amp/rule.ts";
import { Jid } from "../../xmpp/jid.ts";
import { rule, rules, tree as wholeTree } from "./fixtures.ts";

/** The examples have no text for a person; the server's errors do (see the last test of "refusals"). */
function tree(text: string) {
  return wholeTree(text.replace(/<text [^>]*>[^<]*<\/text>/, ""));
}

/** The examples of 3.4, with the addresses in the places that section 4.1 gives them. */
const chatty: EventAddress = {
  domain: Jid.parse("hamlet.lit"),
  sender: Jid.parse("bernardo@hamlet.lit/elsinore"),
  recipient: Jid.parse("francisco@hamlet.lit"),
  id: "chatty2",
};
const richard = {
  domain: Jid.parse("shakespeare.lit"),
  sender: Jid.parse("northumberland@shakespeare.lit/westminster"),
  id: "richard2-4.1.247",
};

describe("events", () => {
  test("XEP-0079 3.4.1, 5.3: alert", () => {
    expect(tree(notice("alert", rule("alert deliver stored"), chatty).toString())).toEqual(
      tree(`
<message from='hamlet.lit'
         to='bernardo@hamlet.lit/elsinore'
         id='chatty2'>
  <amp xmlns='http://jabber.org/protocol/amp'
       status='alert'
       from='bernardo@hamlet.lit/elsinore'
       to='francisco@hamlet.lit'>
    <rule action='alert' condition='deliver' value='stored'/>
  </amp>
</message>`),
    );
  });

  test("XEP-0079 3.4.4: notify", () => {
    expect(tree(notice("notify", rule("notify deliver stored"), chatty).toString())).toEqual(
      tree(`
  <message from='hamlet.lit'
           to='bernardo@hamlet.lit/elsinore'
           id='chatty2'>
    <amp xmlns='http://jabber.org/protocol/amp'
         status='notify'
         to='francisco@hamlet.lit'
         from='bernardo@hamlet.lit/elsinore'>
      <rule action='notify' condition='deliver' value='stored'/>
    </amp>
  </message>`),
    );
  });

  test("XEP-0079 3.4.3, 6.2.5: error, with failed-rules in amp#errors", () => {
    expect(tree(failedRules(rules("error deliver stored"), chatty).toString())).toEqual(
      tree(`
  <message from='hamlet.lit'
           to='bernardo@hamlet.lit/elsinore'
           type='error'
           id='chatty2'>
    <amp xmlns='http://jabber.org/protocol/amp'
         status='error'
         from='bernardo@hamlet.lit/elsinore'
         to='francisco@hamlet.lit'>
      <rule action='error' condition='deliver' value='stored'/>
    </amp>
    <error type='modify' code='500'>
      <undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
      <failed-rules xmlns='http://jabber.org/protocol/amp#errors'>
        <rule action='error' condition='deliver' value='stored'/>
      </failed-rules>
    </error>
  </message>`),
    );
  });

  test("XEP-0079 5.1: failed reliable data transport, with the type and status that 3.4.3 demands", () => {
    const address = { ...chatty, recipient: Jid.parse("francisco@hamlet.lit/pda"), id: "ibb1" };
    expect(tree(failedRules(rules("error match-resource other"), address).toString())).toEqual(
      tree(`
<message from='hamlet.lit'
         to='bernardo@hamlet.lit/elsinore'
         id='ibb1' type='error'>
  <amp xmlns='http://jabber.org/protocol/amp' status='error'
      from='bernardo@hamlet.lit/elsinore'
      to='francisco@hamlet.lit/pda'>
    <rule action='error' condition='match-resource' value='other'/>
  </amp>
  <error type='modify' code='500'>
    <undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
    <failed-rules xmlns='http://jabber.org/protocol/amp#errors'>
      <rule action='error' condition='match-resource' value='other'/>
    </failed-rules>
  </error>
</message>`),
    );
  });

  test("XEP-0079 2.2.5: an event carries its <amp/> and nothing else", () => {
    const stanza = notice("notify", rule("notify deliver direct"), chatty);
    expect(stanza.children.map((child) => child.name)).toEqual(["amp"]);
    expect(stanza.type).toBeUndefined();
  });

  test("XEP-0079 1.3: ids are echoed whatever they contain", () => {
    const id = `<&>"' ü`;
    expect(notice("notify", rule("notify deliver direct"), { ...chatty, id }).id).toBe(id);
    expect(tree(failedRules(rules("error deliver direct"), { ...chatty, id }).toString())).toMatchObject({
      attributes: { id },
    });
  });
});

describe("refusals", () => {
  const sent = `<rule action='drop' condition='expire-at' value='2004-01-01T00:00:00Z'/>`;
  const expected = (code: number, general: string, kind: string) => `
<message
    from='shakespeare.lit'
    id='richard2-4.1.247'
    to='northumberland@shakespeare.lit/westminster'
    type='error'>
  <amp xmlns='http://jabber.org/protocol/amp'>
    ${sent}
  </amp>
  <error type='modify' code='${code}'>
    <${general} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
    <${kind} xmlns='http://jabber.org/protocol/amp'>
      ${sent}
    </${kind}>
  </error>
</message>`;

  test.each<[string, FaultKind, number, string]>([
    ["6.2.1", "unsupported-actions", 400, "bad-request"],
    ["6.2.2", "unsupported-conditions", 400, "bad-request"],
    ["6.2.3", "invalid-rules", 405, "not-acceptable"],
  ])("XEP-0079 %s: %s", (_, kind, code, general) => {
    const fault = { kind, rules: rules("drop expire-at 2004-01-01T00:00:00Z") };
    expect(tree(refusal(fault, richard).toString())).toEqual(tree(expected(code, general, kind)));
  });

  test("XEP-0079 6.1: every rule at fault is quoted, with the attributes it had and no others", () => {
    const fault = { kind: "invalid-rules" as const, rules: [{ action: "a<b" }, {}, { value: "", condition: "moon" }] };
    const two = `<rule action='a&lt;b'/><rule/><rule condition='moon' value=''/>`;
    expect(tree(refusal(fault, richard).toString())).toMatchObject({
      children: [
        tree(`<amp xmlns='http://jabber.org/protocol/amp'>${two}</amp>`),
        { children: [{}, tree(`<invalid-rules xmlns='http://jabber.org/protocol/amp'>${two}</invalid-rules>`)] },
      ],
    } as object);
  });

  test("XEP-0079 4.1: a request without rules is not acceptable, and there is none to quote", () => {
    expect(tree(refusal({ kind: "invalid-rules", rules: [] }, richard).toString())).toMatchObject({
      children: [
        { name: "amp", children: [] },
        {
          name: "error",
          attributes: { type: "modify", code: "405" },
          children: [{ name: "not-acceptable", children: [] }],
        },
      ],
    });
  });

  test("XEP-0079 6.2.4: service unavailable", () => {
    const address = { ...richard, domain: Jid.parse("royalty.england.lit") };
    expect(tree(serviceUnavailable(rules("drop expire-at 2004-01-01T00:00:00Z"), address).toString())).toEqual(
      tree(`
<message
    from='royalty.england.lit'
    id='richard2-4.1.247'
    to='northumberland@shakespeare.lit/westminster'
    type='error'>
  <amp xmlns='http://jabber.org/protocol/amp'>${sent}</amp>
  <error type='cancel' code='503'>
    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
  </error>
</message>`),
    );
  });

  test("RFC 6120 8.3.2: each tells a person why, behind its condition", () => {
    const kinds: FaultKind[] = ["invalid-rules", "unsupported-actions", "unsupported-conditions"];
    const errors = [
      ...kinds.map((kind) => refusal({ kind, rules: [] }, richard)),
      refusal({ kind: "invalid-rules", rules: [], text: "Because." }, richard),
      serviceUnavailable([], richard),
      missingId(richard),
      forbiddenStatus(richard),
      failedRules(rules("error deliver stored"), chatty),
    ];
    const texts = errors.map((each) => /<text [^>]*xml:lang="en">([^<]+)<\/text>/.exec(each.toString())?.[1]);
    expect(new Set(texts).size).toBe(errors.length);
    expect(texts).toContain("Because.");
    expect(texts).not.toContain(undefined);
  });

  test("XEP-0079 1.3: without an id a plain bad-request, and no id is invented", () => {
    const { id: _, ...address } = richard;
    expect(tree(missingId(address).toString())).toEqual(
      tree(`
<message from='shakespeare.lit' to='northumberland@shakespeare.lit/westminster' type='error'>
  <error type='modify' code='400'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>
</message>`),
    );
    expect(tree(missingId({ ...address, id: "" }).toString())).toMatchObject({ attributes: { id: "" } });
  });
});

describe("XEP-0079 4.1: what leaves the server with a message", () => {
  const [from, to] = [chatty.sender, chatty.recipient];

  test("has the original addresses and no status", () => {
    expect(tree(ampElement(rules("drop deliver stored", "alert match-resource any"), false, from, to).text)).toEqual(
      tree(`
<amp xmlns='http://jabber.org/protocol/amp' from='bernardo@hamlet.lit/elsinore' to='francisco@hamlet.lit'>
  <rule action='drop' condition='deliver' value='stored'/>
  <rule action='alert' condition='match-resource' value='any'/>
</amp>`),
    );
  });

  test("keeps per-hop", () => {
    expect(tree(ampElement(rules("drop deliver stored"), true, from, to).text)).toMatchObject({
      attributes: { "per-hop": "true" },
    });
  });
});

test.each(ACTIONS)("a written %s rule is one compact element without white space", (action) => {
  expect(ampElement(rules(`${action} deliver none`), false, chatty.sender, chatty.recipient).text).toBe(
    `<amp xmlns="http://jabber.org/protocol/amp" from="bernardo@hamlet.lit/elsinore" to="francisco@hamlet.lit"><rule action="${action}" condition="deliver" value="none"/></amp>`,
  );
});

test("what was written last is given to nobody else", () => {
  const lists = [rules("drop deliver stored"), rules("notify deliver direct")];
  const people = [Jid.parse("a@x/1"), Jid.parse("日本@x"), Jid.parse("b@x")];
  const order = fc.array(fc.tuple(fc.nat(1), fc.boolean(), fc.nat(2), fc.nat(2)), { minLength: 20 });
  fc.assert(
    fc.property(order, (all) => {
      for (const [list, perHop, from, to] of all.flatMap((one) => [one, one, one])) {
        const text = ampElement(lists[list]!, perHop, people[from]!, people[to]!).text;
        expect(text).toContain(`from="${people[from]!.text}" to="${people[to]!.text}"`);
        expect(text.includes("per-hop")).toBe(perHop);
        expect(text).toContain(list === 0 ? "stored" : "direct");
        const [item] = lists[list]!;
        const action = perHop ? "alert" : "notify";
        const event = notice(action, item!, {
          domain: people[2]!,
          sender: people[from]!,
          recipient: people[to]!,
          id: "i",
        });
        expect(event.inner).toContain(`status="${action}" from="${people[from]!.text}" to="${people[to]!.text}"`);
        expect(event.inner).toContain(list === 0 ? "stored" : "direct");
      }
    }),
  );
});
