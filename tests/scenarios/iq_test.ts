/** RFC 6120 section 8.2.3 and RFC 6121 section 8: every IQ request gets one answer, from whom it was for. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import type { Device } from "../conversation/device.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

const scenario = stage();

const ping = xml`<ping xmlns="${NS.PING}"/>`;
const unknown = xml`<question xmlns="urn:verona:riddle"/>`;
const refused = (from: string, type: string, condition: Markup) =>
  xml`<iq type="error" from="${from}"><error type="${type}">${condition}</error></iq>`;
const unavailable = (from: string) => refused(from, "cancel", xml`<service-unavailable xmlns="${NS.STANZAS}"/>`);

scenario(
  "6120 8.2.3, XEP-0199 4.2: a ping to the server, to the own account and without to is answered",
  async ({ romeo, server }) => {
    await romeo.logsIn();
    await romeo.asksAndGets(
      xml`<iq type="get" to="${server.domain}" id="a b'&lt;">${ping}</iq>`,
      xml`<iq type="result" from="${server.domain}" to="${romeo.full}" id="a b'&lt;"/>`,
    );
    await romeo.asksAndGets(
      xml`<iq type="get" to="${romeo.bare}">${ping}</iq>`,
      xml`<iq type="result" from="${romeo.bare}"/>`,
    );
    const answer = await romeo.asks(xml`<iq type="get">${ping}</iq>`);
    expect(answer.attr("type")).toBe("result");
    expect([undefined, romeo.bare]).toContain(answer.attr("from"));
  },
);

for (const [what, address] of Object.entries<
  (people: { romeo: Device; juliet: Device; paris: Device; domain: string }) => string
>({
  "the server": ({ domain }) => domain,
  "the own account": ({ romeo }) => romeo.bare,
  "the account of somebody else": ({ juliet }) => juliet.bare,
  "a resource that is not there": ({ juliet }) => `${juliet.bare}/gone`,
  "an account that is not there": ({ paris }) => paris.bare,
  "a resource of an account that is not there": ({ paris }) => `${paris.bare}/church`,
})) {
  for (const type of ["get", "set"]) {
    scenario(
      `6120 8.4, 6121 8.5: an unknown IQ ${type} to ${what} is service-unavailable`,
      async ({ romeo, juliet, paris, server }) => {
        await romeo.online();
        await juliet.online();
        const to = address({ romeo, juliet, paris, domain: server.domain });
        await romeo.asksAndGets(xml`<iq type="${type}" to="${to}">${unknown}</iq>`, unavailable(to));
        await juliet.receivesNothing();
      },
    );
  }
}

scenario(
  "6121 8.5.3.1: a request to a full JID goes to that resource, and its answer comes back",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online({ priority: -1 });
    romeo.sends(xml`<iq type="get" to="${juliet.full}" id="q1">${unknown}</iq>`);
    await juliet.receives(xml`<iq type="get" from="${romeo.full}" to="${juliet.full}" id="q1">${unknown}</iq>`);
    juliet.sends(xml`<iq type="result" to="${romeo.full}" id="q1"><answer xmlns="urn:verona:riddle"/></iq>`);
    await romeo.receives(xml`<iq type="result" from="${juliet.full}" id="q1"><answer xmlns="urn:verona:riddle"/></iq>`);
    romeo.sends(xml`<iq type="set" to="${juliet.full}" id="q2">${unknown}</iq>`);
    await juliet.receives(xml`<iq type="set" id="q2"/>`);
    juliet.sends(
      xml`<iq type="error" to="${romeo.full}" id="q2"><error type="cancel"><not-allowed xmlns="${NS.STANZAS}"/></error></iq>`,
    );
    await romeo.receives(
      xml`<iq type="error" from="${juliet.full}" id="q2"><error type="cancel"><not-allowed xmlns="${NS.STANZAS}"/></error></iq>`,
    );
  },
);

scenario("6120 8.2.3 rule 4: results and errors are never answered", async ({ romeo, juliet, paris, server }) => {
  await romeo.online();
  await juliet.online();
  for (const to of [server.domain, romeo.bare, juliet.bare, `${juliet.bare}/gone`, paris.bare]) {
    romeo.sends(xml`<iq type="result" to="${to}" id="r1"/>`);
    romeo.sends(
      xml`<iq type="error" to="${to}" id="r2"><error type="cancel"><item-not-found xmlns="${NS.STANZAS}"/></error></iq>`,
    );
  }
  romeo.sends(xml`<iq type="result" id="r3"/>`);
  await romeo.receivesNothing();
  await juliet.receivesNothing();
});

scenario("6120 8.1.3: an IQ without id is bad-request", async ({ romeo, juliet, server }) => {
  await romeo.online();
  await juliet.online();
  for (const to of [server.domain, juliet.full]) {
    romeo.sends(xml`<iq type="get" to="${to}">${ping}</iq>`);
    await romeo.receives(refused(to, "modify", xml`<bad-request xmlns="${NS.STANZAS}"/>`));
  }
  await juliet.receivesNothing();
});

for (const [what, type, content] of [
  ["without a child", "get", xml``],
  ["with two children", "get", xml`${ping}${unknown}`],
  ["of an unknown type", "question", ping],
] as const) {
  scenario(
    `6120 8.2.3 rules 2, 3, 5: an IQ ${what} is bad-request, whoever it is for`,
    async ({ romeo, juliet, server }) => {
      await romeo.online();
      await juliet.online();
      for (const to of [server.domain, romeo.bare, juliet.bare, juliet.full]) {
        await romeo.asksAndGets(
          xml`<iq type="${type}" to="${to}">${content}</iq>`,
          refused(to, "modify", xml`<bad-request xmlns="${NS.STANZAS}"/>`),
        );
      }
      await juliet.receivesNothing();
    },
  );
}

scenario("6120 8.2.3: an IQ without a type is bad-request", async ({ romeo, server }) => {
  await romeo.online();
  await romeo.asksAndGets(
    xml`<iq to="${server.domain}">${ping}</iq>`,
    refused(server.domain, "modify", xml`<bad-request xmlns="${NS.STANZAS}"/>`),
  );
});

scenario(
  "XEP-0030 8, XEP-0199 5: a stranger learns the same of an account that is there and of one that is not",
  async ({ romeo, juliet, paris }) => {
    await romeo.online();
    await juliet.online();
    const payloads = [
      ping,
      xml`<query xmlns="${NS.DISCO_INFO}"/>`,
      xml`<query xmlns="${NS.ROSTER}"/>`,
      xml`<query xmlns="${NS.LAST}"/>`,
      unknown,
    ];
    for (const payload of payloads) {
      const [there, missing] = await Promise.all(
        [juliet, paris].map(({ bare }) => romeo.asks(xml`<iq type="get" to="${bare}">${payload}</iq>`)),
      );
      const error = there!.child("error", NS.CLIENT);
      expect(error?.toString()).toBe(missing!.child("error", NS.CLIENT)!.toString());
      expect(there!.elements.length).toBe(missing!.elements.length);
    }
    const items = await Promise.all(
      [juliet, paris].map(({ bare }) =>
        romeo.asks(xml`<iq type="get" to="${bare}"><query xmlns="${NS.DISCO_ITEMS}"/></iq>`),
      ),
    );
    expect(items[0]!.elements.join("")).toBe(items[1]!.elements.join(""));
  },
);

scenario(
  "XEP-0079 2.1.1, 8, XEP-0160 4, XEP-0030: the server says what it can, and the bound stream offers it",
  async ({ romeo, server, transport }) => {
    await romeo.logsIn();
    const info = await romeo.asks(xml`<iq type="get" to="${server.domain}"><query xmlns="${NS.DISCO_INFO}"/></iq>`);
    const query = info.child("query", NS.DISCO_INFO)!;
    const features = query.childrenNamed("feature", NS.DISCO_INFO).map((feature) => feature.attr("var"));
    const amp = [
      "",
      "?action=drop",
      "?action=notify",
      "?condition=deliver",
      "?condition=expire-at",
      "?condition=match-resource",
    ];
    expect(features).toEqual(
      expect.arrayContaining([...amp.map((suffix) => NS.AMP + suffix), NS.OFFLINE, NS.CARBONS, NS.BLOCKING, NS.PING]),
    );
    expect(query.child("identity", NS.DISCO_INFO)?.attributes).toMatchObject({ category: "server", type: "im" });
    const account = await romeo.asks(xml`<iq type="get" to="${romeo.bare}"><query xmlns="${NS.DISCO_INFO}"/></iq>`);
    const identities = account.child("query", NS.DISCO_INFO)!.childrenNamed("identity", NS.DISCO_INFO);
    expect(identities.map((identity) => identity.attr("category"))).toContain("account");
    const node = await romeo.asks(
      xml`<iq type="get" to="${server.domain}"><query xmlns="${NS.DISCO_INFO}" node="${NS.AMP}"/></iq>`,
    );
    const atNode = node
      .child("query", NS.DISCO_INFO)!
      .childrenNamed("feature", NS.DISCO_INFO)
      .map((feature) => feature.attr("var"));
    expect(atNode).toEqual(expect.arrayContaining(amp.map((suffix) => NS.AMP + suffix)));
    expect(romeo.features?.child("amp", NS.AMP_FEATURE)).toBeDefined();
    // XEP-0198 has nothing to add to BOSH; the session of RFC 3921 is answered and not offered.
    expect(romeo.features?.child("sm", NS.SM) !== undefined).toBe(transport !== "bosh");
    expect(romeo.features?.child("session", NS.SESSION)).toBeUndefined();
    expect((await romeo.asks(xml`<iq type="set"><session xmlns="${NS.SESSION}"/></iq>`)).attr("type")).toBe("result");
  },
);

const SESSION_ENDS = { probe: { timeoutSeconds: 30 }, sm: { resumeSeconds: 60 }, manualClock: true } as const;
const timed = stage({ ...SESSION_ENDS, transports: MANAGED });
const ask = (to: string, id: string) => xml`<iq type="get" to="${to}" id="${id}">${unknown}</iq>`;
const asked = (from: string, id: string) => xml`<iq type="get" from="${from}" id="${id}">${unknown}</iq>`;

scenario(
  "6121 8.5.3.2.3: a request that a session without XEP-0198 takes along: service-unavailable; what it answered is not answered again",
  async ({ romeo, juliet }) => {
    await romeo.online({ hears: ["iq"] });
    await juliet.online({ hears: ["iq"] });
    romeo.sends(ask(juliet.full, "q1"));
    romeo.sends(ask(juliet.full, "q2"));
    await juliet.receives(asked(romeo.full, "q1"));
    await juliet.receives(asked(romeo.full, "q2"));
    juliet.sends(xml`<iq type="result" to="${romeo.full}" id="q1"/>`);
    await romeo.receives(xml`<iq type="result" from="${juliet.full}" id="q1"/>`);
    await juliet.logsOut();
    await romeo.receives(
      xml`<iq type="error" from="${juliet.full}" to="${romeo.full}" id="q2"><error type="cancel"><service-unavailable xmlns="${NS.STANZAS}"/></error></iq>`,
    );
    await romeo.receivesNothing();
  },
);

for (const [when, acknowledges] of [
  ["acknowledged and not answered", true],
  ["not acknowledged", false],
] as const) {
  timed(`XEP-0198 5: a request ${when} by a session that is not resumed: service-unavailable`, async (cast) => {
    const { romeo, juliet, clock } = cast;
    await romeo.online({ hears: ["iq"] });
    await juliet.online({ hears: ["iq"], sm: true });
    if (!acknowledges) juliet.withholdsProof();
    romeo.sends(ask(juliet.full, "q1"));
    await juliet.receives(asked(romeo.full, "q1"));
    juliet.cuts();
    await romeo.receivesNothing();
    clock.advance(61_000);
    await romeo.receives(unavailable(juliet.full));
    await romeo.receivesNothing();
  });
}

timed(
  "XEP-0198 5: a request to a session that waits to be resumed: asked on resumption, else answered",
  async (cast) => {
    const { romeo, juliet, clock } = cast;
    await romeo.online({ hears: ["iq"] });
    await juliet.online({ hears: ["iq"], sm: true });
    juliet.cuts();
    romeo.sends(ask(juliet.full, "q1"));
    await romeo.receivesNothing();
    await juliet.resumes();
    await juliet.receives(asked(romeo.full, "q1"));
    juliet.sends(xml`<iq type="result" to="${romeo.full}" id="q1"/>`);
    await romeo.receives(xml`<iq type="result" from="${juliet.full}" id="q1"/>`);
    juliet.cuts();
    romeo.sends(ask(juliet.full, "q2"));
    await romeo.receivesNothing();
    clock.advance(61_000);
    await romeo.receives(unavailable(juliet.full));
    await romeo.receivesNothing();
  },
);
