/** XEP-0079 sections 1.3 to 4: how rules are read, validated, decided and answered. */
import { expect } from "bun:test";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import { amp, DELIVER, failure, notice, type Parties, rule } from "../conversation/amp.ts";
import { grants } from "../conversation/befriend.ts";
import type { Cast } from "../conversation/cast.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage({ amp: { presencePolicy: "open", maxRules: 5, maxHorizonDays: 30 } });

const messagesOnly = { hears: ["message"] } as const;
const message = (to: string, rules: Markup, id = "m1") =>
  xml`<message to="${to}" id="${id}" type="chat"><body>Hi</body>${rules}</message>`;
const delivered = xml`<message id="m1" type="chat"><body>Hi</body></message>`;
const inMs = (ms: number) => formatDateTime(Date.now() + ms);
const HOUR = 3_600_000;

async function both({ romeo, juliet, server }: Cast): Promise<Parties> {
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  return { domain: server.domain, from: romeo.full, to: juliet.bare };
}

// Validation

scenario(
  "1.3: a message with rules and no id, or an empty one: bad-request, and nothing else happens",
  async (cast) => {
    const { romeo, juliet, server } = cast;
    await both(cast);
    for (const id of [undefined, ""]) {
      romeo.sends(
        xml`<message to="${juliet.bare}"${id !== undefined && raw(` id=""`)} type="chat"><body>Hi</body>${amp("deliver direct notify")}</message>`,
      );
      await romeo.hasReceived([
        xml`<message type="error" from="${server.domain}" to="${romeo.full}"><error type="modify" code="400"><bad-request xmlns="${NS.STANZAS}"/></error></message>`,
      ]);
    }
    await juliet.receivesNothing();
  },
);

interface Refusal {
  readonly what: string;
  /** The content of `<amp/>`; rules at fault are marked by where they stand. */
  readonly rules: readonly Markup[];
  readonly atFault: readonly number[];
  readonly condition: "invalid-rules" | "unsupported-actions" | "unsupported-conditions";
  readonly attributes?: Markup;
}

const good = rule("deliver direct notify");
const bad = (attributes: string) => raw(`<rule ${attributes}/>`);

const REFUSALS: readonly Refusal[] = [
  {
    what: "no action",
    rules: [good, bad(`condition="deliver" value="direct"`)],
    atFault: [1],
    condition: "invalid-rules",
  },
  { what: "no condition", rules: [bad(`action="drop" value="direct"`)], atFault: [0], condition: "invalid-rules" },
  { what: "no value", rules: [bad(`action="drop" condition="deliver"`)], atFault: [0], condition: "invalid-rules" },
  {
    what: "an empty value",
    rules: [bad(`action="drop" condition="deliver" value=""`)],
    atFault: [0],
    condition: "invalid-rules",
  },
  {
    what: "an unknown value of deliver",
    rules: [rule("deliver later drop")],
    atFault: [0],
    condition: "invalid-rules",
  },
  {
    what: "an unknown value of match-resource",
    rules: [rule("match-resource some drop")],
    atFault: [0],
    condition: "invalid-rules",
  },
  { what: "a date that is none", rules: [rule("expire-at tomorrow drop")], atFault: [0], condition: "invalid-rules" },
  {
    what: "a date that is not UTC",
    rules: [rule("expire-at 2036-01-01T00:00:00+02:00 drop")],
    atFault: [0],
    condition: "invalid-rules",
  },
  {
    what: "a date beyond the horizon",
    rules: [rule("expire-at 2999-01-01T00:00:00Z drop")],
    atFault: [0],
    condition: "invalid-rules",
  },
  {
    what: "neither a known action nor a known condition",
    rules: [rule("weather fine dance")],
    atFault: [0],
    condition: "invalid-rules",
  },
  {
    what: "more rules than are allowed",
    rules: [good, good, good, good, good, rule("deliver stored drop")],
    atFault: [5],
    condition: "invalid-rules",
  },
  {
    what: "unknown actions",
    rules: [rule("deliver direct dance"), good, rule("deliver stored sing")],
    atFault: [0, 2],
    condition: "unsupported-actions",
  },
  {
    what: "unknown conditions",
    rules: [good, rule("weather fine drop"), rule("moon full notify")],
    atFault: [1, 2],
    condition: "unsupported-conditions",
  },
  {
    what: "several rules that are not valid",
    rules: [bad(`condition="deliver" value="direct"`), good, rule("deliver never drop")],
    atFault: [0, 2],
    condition: "invalid-rules",
  },
  {
    what: "faults of every kind: the invalid ones",
    rules: [rule("weather fine drop"), rule("deliver direct dance"), rule("deliver never drop")],
    atFault: [2],
    condition: "invalid-rules",
  },
  {
    what: "unknown actions and conditions: the actions",
    rules: [rule("weather fine drop"), rule("deliver direct dance")],
    atFault: [1],
    condition: "unsupported-actions",
  },
  { what: "a bad per-hop", rules: [good], atFault: [0], condition: "invalid-rules", attributes: raw(` per-hop="yes"`) },
];

const CODES = { "invalid-rules": 405, "unsupported-actions": 400, "unsupported-conditions": 400 };

for (const { what, rules, atFault, condition, attributes } of REFUSALS) {
  scenario(
    `2.2.1, 6.1: ${what}: one answer with ${condition} that names each of them, and nothing else happens`,
    async (cast) => {
      const { romeo, juliet, server } = cast;
      await both(cast);
      romeo.sends(message(juliet.bare, xml`<amp xmlns="${NS.AMP}"${attributes}>${rules}</amp>`));
      const named = atFault.map((at) => rules[at]!);
      const kind = condition === "invalid-rules" ? raw("not-acceptable") : raw("bad-request");
      await romeo.hasReceived(
        [
          xml`
        <message type="error" from="${server.domain}" to="${romeo.full}" id="m1">
          <amp xmlns="${NS.AMP}">${named}</amp>
          <error type="modify" code="${CODES[condition]}"><${kind} xmlns="${NS.STANZAS}"/><${raw(condition)} xmlns="${NS.AMP}">${named}</${raw(condition)}></error>
        </message>`,
        ],
        { exact: true },
      );
      await juliet.receivesNothing();
    },
  );
}

scenario("2.2.1: no rule at all: not-acceptable", async (cast) => {
  const { romeo, juliet } = cast;
  await both(cast);
  romeo.sends(message(juliet.bare, xml`<amp xmlns="${NS.AMP}"/>`));
  await romeo.hasReceived([
    xml`<message type="error" id="m1"><error type="modify" code="405"><not-acceptable xmlns="${NS.STANZAS}"/></error></message>`,
  ]);
  await juliet.receivesNothing();
});

scenario("4: <amp/> in another namespace is no business of the server's", async (cast) => {
  const { romeo, juliet } = cast;
  await both(cast);
  const other = xml`<amp xmlns="urn:verona:amplifier"><rule/></amp>`;
  romeo.sends(message(juliet.bare, other));
  await juliet.receives(xml`<message><body>Hi</body>${other}</message>`);
  await romeo.receivesNothing();
});

// Decision

scenario("2.2.3: the first rule that is met decides; rules that are not met do nothing", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  romeo.sends(
    message(
      juliet.bare,
      amp(
        "deliver stored drop",
        `expire-at ${inMs(HOUR)} error`,
        "match-resource exact error",
        "deliver direct alert",
        "deliver direct drop",
      ),
    ),
  );
  await romeo.hasReceived([notice("deliver direct alert", parties)], { exact: true });
  await juliet.receivesNothing();
});

scenario(
  "2.2.3: with notify the message goes its way, and processing ends: a later drop does not take it back",
  async (cast) => {
    const { romeo, juliet } = cast;
    const parties = await both(cast);
    romeo.sends(message(juliet.bare, amp("deliver direct notify", "match-resource any drop", "deliver direct error")));
    await juliet.receives(delivered);
    await romeo.hasReceived([notice("deliver direct notify", parties)], { exact: true });
  },
);

scenario("2.2.3: when no rule is met the default action is carried out, and nobody is told", async (cast) => {
  const { romeo, juliet } = cast;
  await both(cast);
  romeo.sends(
    message(
      juliet.bare,
      amp(
        "deliver stored drop",
        "deliver none notify",
        "deliver forward error",
        "deliver gateway alert",
        `expire-at ${inMs(HOUR)} drop`,
      ),
    ),
  );
  await juliet.receives(delivered);
  await romeo.receivesNothing();
});

for (const action of ["drop", "alert", "error", "notify"]) {
  scenario(`3.3.2: expire-at in the past is met at receipt: ${action}`, async (cast) => {
    const { romeo, juliet } = cast;
    const parties = await both(cast);
    const text = `expire-at 2002-09-10T23:08:25Z ${action}`;
    romeo.sends(message(juliet.bare, amp(text)));
    const answer = action === "error" ? [failure(text, parties)] : action === "drop" ? [] : [notice(text, parties)];
    await romeo.hasReceived(answer, { exact: true });
    if (action === "notify") await juliet.receives(delivered);
    await juliet.receivesNothing();
  });
}

scenario("3.3.2: dates with and without fractions, with Z and with +00:00", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  const past = ["2002-09-10T23:08:25Z", "2002-09-10T23:08:25.123Z", "2002-09-10T23:08:25+00:00"];
  for (const at of past) {
    romeo.sends(message(juliet.bare, amp(`expire-at ${at} alert`)));
    await romeo.hasReceived([notice(`expire-at ${at} alert`, parties)], { exact: true });
  }
  await juliet.receivesNothing();
});

interface Match {
  readonly what: string;
  readonly address: "bare" | "full";
  /** The resource that is there, or none. */
  readonly there: string | undefined;
  readonly met: readonly ("any" | "exact" | "other")[];
}

const MATCHES: readonly Match[] = [
  { what: "to the bare JID, and there is a resource", address: "bare", there: "balcony", met: ["any", "other"] },
  { what: "to the bare JID, and it is stored", address: "bare", there: undefined, met: ["exact"] },
  { what: "to that resource", address: "full", there: "balcony", met: ["any", "exact"] },
  {
    what: "to a resource that is gone, and there is another",
    address: "full",
    there: "chamber",
    met: ["any", "other"],
  },
  { what: "to a resource that is gone, and it is stored", address: "full", there: undefined, met: ["other"] },
];

for (const { what, address, there, met } of MATCHES) {
  for (const value of ["any", "exact", "other"] as const) {
    const isMet = met.includes(value);
    scenario(
      `3.3.3: match-resource ${value}, ${what}: ${isMet ? "met" : "not met"}`,
      async ({ romeo, juliet, server }) => {
        await romeo.online(messagesOnly);
        const device = juliet.device(there ?? "later");
        if (there !== undefined) await device.online(messagesOnly);
        const to = address === "bare" ? juliet.bare : `${juliet.bare}/balcony`;
        const text = `match-resource ${value} alert`;
        romeo.sends(message(to, amp(text)));
        await romeo.hasReceived(isMet ? [notice(text, { domain: server.domain, from: romeo.full, to })] : [], {
          exact: true,
        });
        if (there === undefined) await device.online(messagesOnly);
        if (!isMet) await device.receives(delivered);
        await device.receivesNothing();
      },
    );
  }
}

scenario(
  "2.1.2: with per-hop match-resource is left out, the rest is evaluated, and the attribute is carried onward",
  async (cast) => {
    const { romeo, juliet } = cast;
    const { from, to, ...parties } = await both(cast);
    romeo.sends(
      message(
        to,
        xml`<amp xmlns="${NS.AMP}" per-hop="true">${rule("match-resource any drop")}${rule("deliver direct notify")}</amp>`,
      ),
    );
    await juliet.receives(xml`<message><amp xmlns="${NS.AMP}" per-hop="true" from="${from}" to="${to}"/></message>`);
    await romeo.hasReceived([notice("deliver direct notify", { from, to, ...parties })]);
    romeo.sends(message(to, xml`<amp xmlns="${NS.AMP}" per-hop="true">${rule("deliver direct alert")}</amp>`, "m2"));
    await romeo.hasReceived([notice("deliver direct alert", { from, to, ...parties, id: "m2" })]);
    romeo.sends(
      message(to, xml`<amp xmlns="${NS.AMP}" per-hop="false">${rule("match-resource any drop")}</amp>`, "m3"),
    );
    await romeo.receivesNothing();
    await juliet.receivesNothing();
  },
);

scenario(
  "4.1: from, to and status that a client sets count for nothing; what leaves the server carries ours",
  async (cast) => {
    const { romeo, juliet } = cast;
    const { from, to } = await both(cast);
    romeo.sends(
      message(
        to,
        xml`<amp xmlns="${NS.AMP}" from="tybalt@verona.example" to="paris@verona.example">${rule("deliver stored notify")}</amp>`,
      ),
    );
    const received = await juliet.receives(delivered);
    expect(received.child("amp", NS.AMP)?.attributes).toEqual({ from, to });
    expect(received.child("amp", NS.AMP)?.child("rule", NS.AMP)?.attributes).toEqual({
      condition: "deliver",
      value: "stored",
      action: "notify",
    });
    await romeo.receivesNothing();
  },
);

scenario("4.1: an <amp/> with a status is refused: nobody can make up an event, and no rule vanishes", async (cast) => {
  const { romeo, juliet } = cast;
  const { to } = await both(cast);
  romeo.sends(
    message(
      to,
      xml`<amp xmlns="${NS.AMP}" status="notify" from="${to}" to="${to}">${rule("deliver direct drop")}</amp>`,
    ),
  );
  await romeo.receives(
    xml`<message type="error" id="m1"><error type="modify" code="400"><bad-request xmlns="${NS.STANZAS}"/></error></message>`,
  );
  await juliet.receivesNothing();
});

scenario(
  "2.2.5: an event comes to the full JID that sent, from the server, with the id as it was, and without the text",
  async (cast) => {
    const { romeo, juliet, server } = cast;
    const street = romeo.device("street");
    await street.online({ ...messagesOnly, priority: 9, carbons: false });
    await both(cast);
    const id = "<&\"' ünï";
    romeo.sends(message(juliet.bare, amp("deliver direct notify"), id));
    const [event] = [
      await romeo.receives(
        notice("deliver direct notify", { domain: server.domain, from: romeo.full, to: juliet.bare, id }),
        { exact: true },
      ),
    ];
    expect(event.toString()).not.toContain("Hi");
    await juliet.receives(xml`<message id="${id}"/>`);
    await street.receivesNothing();
  },
);

scenario("3.4.3: the whole error: what was sent is not in it", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  romeo.sends(message(juliet.bare, amp("deliver stored error", "deliver direct error", "match-resource any error")));
  await romeo.hasReceived([failure("deliver direct error", parties)], { exact: true });
  await juliet.receivesNothing();
});

scenario("3.3.1: a message to oneself goes by the same rules", async (cast) => {
  const { romeo, server } = cast;
  const street = romeo.device("street");
  await romeo.online(messagesOnly);
  await street.online(messagesOnly);
  romeo.sends(message(street.full, amp("deliver direct notify")));
  await street.receives(delivered);
  await romeo.hasReceived([
    notice("deliver direct notify", { domain: server.domain, from: romeo.full, to: street.full }),
  ]);
});

scenario("3.3.1: rules of every action for a message of every kind that nobody gets", async (cast) => {
  const { romeo, paris, server } = cast;
  await romeo.online(messagesOnly);
  for (const type of ["normal", "chat", "headline", "groupchat"]) {
    romeo.sends(
      xml`<message to="${paris.bare}" id="m1" type="${type}"><body>Hi</body>${amp(...DELIVER.map((value) => `deliver ${value} alert`))}</message>`,
    );
    await romeo.hasReceived(
      [notice("deliver none alert", { domain: server.domain, from: romeo.full, to: paris.bare })],
      { exact: true },
    );
  }
});

scenario("XEP-0334 4: no-store and deliver: nobody there means none", async (cast) => {
  const { romeo, juliet, server } = cast;
  await romeo.online(messagesOnly);
  const parties = { domain: server.domain, from: romeo.full, to: juliet.bare };
  romeo.sends(
    xml`<message to="${juliet.bare}" id="m1" type="chat"><body>Hi</body><no-store xmlns="${NS.HINTS}"/>${amp("deliver stored error", "deliver none alert")}</message>`,
  );
  await romeo.hasReceived([notice("deliver none alert", parties)], { exact: true });
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
});

scenario("3.3.1: a sender that may see the recipient's presence needs no open policy", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  await grants(juliet, romeo);
  romeo.sends(message(juliet.bare, amp("deliver direct notify")));
  await juliet.receives(delivered);
  await romeo.hasReceived([notice("deliver direct notify", parties)]);
});

const unserved = xml`<remote-server-not-found xmlns="${NS.STANZAS}"/>`;

for (const [what, address, condition] of [
  ["a domain that cannot be reached", () => "juliet@capulet.example", unserved],
  [
    "the server itself, which takes no messages",
    (domain: string) => domain,
    xml`<service-unavailable xmlns="${NS.STANZAS}"/>`,
  ],
] as const) {
  scenario(`3.3.1: to ${what}: none, by every action`, async ({ romeo, server }) => {
    await romeo.online(messagesOnly);
    const to = address(server.domain);
    const parties: Parties = { domain: server.domain, from: romeo.full, to };
    const ordinary = xml`<message type="error" from="${to}" to="${romeo.full}" id="m1"><error type="cancel">${condition}</error></message>`;
    romeo.sends(message(to, amp("deliver none notify")));
    await romeo.hasReceived([notice("deliver none notify", parties), ordinary]);
    romeo.sends(message(to, amp("deliver none alert")));
    await romeo.hasReceived([notice("deliver none alert", parties)], { exact: true });
    romeo.sends(message(to, amp("deliver none error")));
    await romeo.hasReceived([failure("deliver none error", parties)], { exact: true });
    romeo.sends(message(to, amp("deliver none drop")));
    await romeo.receivesNothing();
    romeo.sends(message(to, amp("deliver direct notify")));
    await romeo.hasReceived([ordinary]);
  });
}

const full = stage({ amp: { presencePolicy: "open" }, limits: { offlineMessages: 1 } });
const noStrangers = stage({ amp: { presencePolicy: "open" }, limits: { offlineMessagesFromStrangers: 1 } });

noStrangers("3.3.1: beyond the share of strangers nothing delivers it: none", async ({ romeo, juliet, server }) => {
  await romeo.online(messagesOnly);
  const parties: Parties = { domain: server.domain, from: romeo.full, to: juliet.bare };
  romeo.sends(message(juliet.bare, amp("deliver stored notify")));
  await romeo.hasReceived([notice("deliver stored notify", parties)]);
  romeo.sends(message(juliet.bare, amp("deliver stored notify", "deliver none alert")));
  await romeo.hasReceived([notice("deliver none alert", parties)], { exact: true });
});

full("3.3.1: when storage is full nothing delivers it: none", async ({ romeo, juliet, server }) => {
  await romeo.online(messagesOnly);
  const parties: Parties = { domain: server.domain, from: romeo.full, to: juliet.bare };
  romeo.sends(message(juliet.bare, amp("deliver stored notify")));
  await romeo.hasReceived([notice("deliver stored notify", parties)]);
  romeo.sends(message(juliet.bare, amp("deliver stored notify", "deliver none alert")));
  await romeo.hasReceived([notice("deliver none alert", parties)], { exact: true });
});
