/**
 * XEP-0079 over two servers: each condition, value and action, per hop and not, with storage on and off at each end; each cell is told
 * once, by the server that decides it.
 */
import { expect } from "bun:test";
import { modules } from "../../../modules/mod.ts";
import { formatDateTime } from "../../../xmpp/date_time.ts";
import { NS } from "../../../xmpp/ns.ts";
import { attr, type Markup, xml } from "../../../xmpp/xml/xml.ts";
import { type Deliver, reply, rule } from "../../conversation/amp.ts";
import type { Cast } from "../../conversation/cast.ts";
import { type League, league } from "../../conversation/league.ts";

const HERE = "verona.example";
const THERE = "mantua.example";
const VALUES = ["direct", "stored", "none", "forward", "gateway"] as const;
const ACTIONS = ["notify", "drop", "alert", "error"] as const;
const OPEN = { amp: { presencePolicy: "open" } } as const;
const messagesOnly = { hears: ["message"] } as const;

const rules = (perHop: boolean, ...texts: readonly string[]) =>
  xml`<amp xmlns="${NS.AMP}"${perHop && attr("per-hop", "true")}>${texts.map(rule)}</amp>`;
const message = (to: string, amp: Markup) =>
  xml`<message to="${to}" id="m1" type="chat"><body>Hi</body>${amp}</message>`;
const past = () => formatDateTime(Date.now() - 60_000);

interface Cell {
  readonly recipient: "online" | "away" | "unknown";
  readonly network?: "not-found" | "unreachable";
  readonly perHop: boolean;
  /** What is done, and who says so; more than one where each hop decides by itself. */
  readonly does: readonly (readonly [Deliver, by: string])[];
}

function cells(storage: boolean): readonly Cell[] {
  const away = [storage ? "stored" : "none", THERE] as const;
  return [
    { recipient: "online", perHop: false, does: [["direct", THERE]] },
    { recipient: "away", perHop: false, does: [away] },
    { recipient: "unknown", perHop: false, does: [["none", THERE]] },
    { recipient: "online", network: "not-found", perHop: false, does: [["none", HERE]] },
    // The other server has the same plan, but there is no rule left for it.
    { recipient: "online", perHop: true, does: [["direct", HERE]] },
    { recipient: "away", perHop: true, does: [["direct", HERE], away] },
    {
      recipient: "online",
      network: "unreachable",
      perHop: true,
      does: [
        ["stored", HERE],
        ["direct", THERE],
      ],
    },
    { recipient: "online", network: "not-found", perHop: true, does: [["none", HERE]] },
  ];
}

for (const here of [true, false]) {
  for (const there of [true, false]) {
    const storage = (on: boolean) => ({ archive: { enabled: on }, offline: { enabled: on } });
    const scenario = league(2, { ...OPEN, each: [storage(here), storage(there)] });
    for (const cell of cells(there)) {
      const { perHop, recipient, network = "reachable", does } = cell;
      const title = `storage ${here}/${there}, per-hop ${perHop}, ${recipient}, ${network}: ${does.join(" ")}`;
      scenario(title, (stage) => playCell(stage, cell));
    }
  }
}

async function playCell(stage: League, cell: Cell): Promise<void> {
  const { romeo } = stage.casts[0]!;
  const { juliet, paris } = stage.casts[1]!;
  await romeo.online(messagesOnly);
  if (cell.recipient === "online") await juliet.online(messagesOnly);
  const to = cell.recipient === "unknown" ? paris.bare : juliet.bare;
  // What a rule decides at its arrival needs no network; to know whether the other server has rules, requests still go.
  stage.network.weather = (_from, to, { name }) => (to === THERE && name === "message" ? cell.network : undefined);
  for (const action of ACTIONS) for (const value of VALUES) await playRule(stage, cell, to, value, action);
  if (cell.recipient !== "away") return;
  await juliet.online(messagesOnly);
  await stage.casts[1]!.settled();
  juliet.drops();
}

async function playRule(stage: League, cell: Cell, to: string, value: Deliver, action: string): Promise<void> {
  const { casts, network } = stage;
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  const isHeldUp = cell.network === "unreachable";
  if (isHeldUp) await becomesUnreachable(stage);
  const met = cell.does.find(([done]) => done === value);
  // At its arrival the plan is to route it on.
  const isEarly = cell.perHop && cell.network === "not-found" && value === "direct" && action !== "notify";
  romeo.sends(message(to, rules(cell.perHop, `deliver ${value} ${action}`)));
  const by = isEarly ? HERE : met?.[1];
  const answer = by && reply(`deliver ${value} ${action}`, { domain: by, from: romeo.full, to });
  if (isHeldUp && by !== HERE) await becomesReachable(stage);
  const goesOn = (met === undefined && !isEarly) || action === "notify";
  const fails = cell.does.some(([done]) => done === "none");
  const error = xml`<message from="${to}" type="error" id="m1"/>`;
  if (answer !== undefined && answer !== "" && goesOn && fails) {
    await romeo.receivesBoth(answer, error);
  } else {
    if (answer !== undefined && answer !== "") await romeo.receives(answer, { exact: true });
    if (goesOn && fails) await romeo.receives(error);
  }
  if (isHeldUp && by === HERE) await becomesReachable(stage);
  if (goesOn && !fails && cell.recipient === "online") {
    await juliet.receives(xml`<message from="${romeo.full}" id="m1"><body>Hi</body></message>`);
  }
  await settle(casts);
  romeo.hasReceivedNothing();
  if (cell.recipient === "online") juliet.hasReceivedNothing();
  if (isHeldUp) expect(network.seen.some(({ text }) => text.includes("urn:ampact"))).toBe(false);
}

/** For an account without a session: nobody answers it (RFC 6121 section 8.5.2.2.1). */
const headline = (to: string) => xml`<message to="${to}" type="headline"><body>Hear</body></message>`;

/** The server of the sender has noticed. */
async function becomesUnreachable({ casts, network }: League): Promise<void> {
  let attempts = 0;
  network.weather = (_from, domain, { name }) => {
    if (domain !== THERE || name !== "message") return undefined;
    attempts++;
    return "unreachable";
  };
  casts[0]!.romeo.sends(headline(casts[1]!.benvolio.bare));
  while (attempts === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  await casts[0]!.settled();
}

async function becomesReachable({ casts, network }: League): Promise<void> {
  await casts[0]!.settled();
  network.weather = () => undefined;
  casts[0]!.romeo.sends(headline(casts[1]!.tybalt.bare));
}

async function settle(casts: readonly Cast[]): Promise<void> {
  for (const { settled } of casts) await settled();
}

const scenario = league(2, OPEN);

scenario("expire-at: what is over at its arrival is decided where it is sent", async ({ casts, network }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online(messagesOnly);
  for (const perHop of [false, true]) {
    for (const action of ["drop", "alert", "error"]) {
      const text = `expire-at ${past()} ${action}`;
      romeo.sends(message(juliet.bare, rules(perHop, text)));
      const answer = reply(text, { domain: HERE, from: romeo.full, to: juliet.bare });
      if (answer !== undefined) await romeo.receives(answer, { exact: true });
    }
  }
  await settle(casts);
  expect(network.seen.filter(({ text }) => text.includes("<body>"))).toEqual([]);
});

scenario("expire-at: what lies in the queue expires there on time, once", async ({ casts, network }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  network.weather = () => "unreachable";
  const text = `expire-at ${formatDateTime(Date.now() + 500)} error`;
  romeo.sends(message(juliet.bare, rules(false, text)));
  await romeo.receives(reply(text, { domain: HERE, from: romeo.full, to: juliet.bare })!, { exact: true });
  network.weather = () => undefined;
  await settle(casts);
  juliet.hasReceivedNothing();
});

scenario("expire-at: what may have arrived is left to the other server, which knows", async ({ casts, network }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  for (const weather of ["cut-after", "cut-before"] as const) {
    let attempts = 0;
    network.weather = (_from, to, { name }) => {
      if (to !== THERE || name !== "message") return undefined;
      return attempts++ === 0 ? weather : undefined;
    };
    // Before the second attempt.
    const text = `expire-at ${formatDateTime(Date.now() + 500)} alert`;
    romeo.sends(message(juliet.bare, rules(false, text)));
    if (weather === "cut-after") await juliet.receives(xml`<message id="m1"><body>Hi</body></message>`);
    else await romeo.receives(reply(text, { domain: THERE, from: romeo.full, to: juliet.bare })!, { exact: true });
    while (attempts < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await settle(casts);
    romeo.hasReceivedNothing();
    juliet.hasReceivedNothing();
  }
});

scenario(
  "expire-at, match-resource: the rules that the other server decides go there, with both addresses",
  async (stage) => {
    const { romeo } = stage.casts[0]!;
    const { juliet } = stage.casts[1]!;
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    const later = `expire-at ${formatDateTime(Date.now() + 3_600_000)} notify`;
    romeo.sends(message(juliet.bare, rules(false, later, "match-resource any notify")));
    await romeo.receives(reply("match-resource any notify", { domain: THERE, from: romeo.full, to: juliet.bare })!, {
      exact: true,
    });
    await juliet.receives(
      xml`<message id="m1"><amp xmlns="${NS.AMP}" from="${romeo.full}" to="${juliet.bare}">{any}</amp></message>`,
    );
    romeo.sends(message(juliet.bare, rules(true, "match-resource any alert")));
    await juliet.receives(xml`<message id="m1"/>`);
  },
);

scenario("a rule that has fired at this hop closes those behind it; those before it go on", async ({ casts }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online(messagesOnly);
  romeo.sends(
    message(juliet.bare, rules(true, "deliver stored notify", "deliver direct notify", "deliver none notify")),
  );
  await romeo.receivesAll(
    reply("deliver direct notify", { domain: HERE, from: romeo.full, to: juliet.bare })!,
    reply("deliver stored notify", { domain: THERE, from: romeo.full, to: juliet.bare })!,
  );
});

scenario("bad rules are refused before anything goes to another server", async ({ casts, network }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online(messagesOnly);
  romeo.sends(message(juliet.bare, rules(false, "deliver sideways notify")));
  await romeo.receives(xml`<message type="error" id="m1"/>`);
  await settle(casts);
  expect(network.seen.filter(({ text }) => text.includes("<body>"))).toEqual([]);
});

scenario("what a client claims to be a report is none at the other server either", async ({ casts }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  romeo.sends(
    xml`<message to="${juliet.full}" id="m1"><amp xmlns="${NS.AMP}" status="alert" from="${juliet.full}" to="${romeo.bare}">${rule("deliver none alert")}</amp></message>`,
  );
  await romeo.receives(xml`<message type="error" id="m1"/>`);
});

const strict = league(2);

strict(
  "presence policy: the recipient's server refuses the rules of a stranger, whoever the recipient is",
  async ({ casts }) => {
    const { romeo } = casts[0]!;
    const { juliet, paris } = casts[1]!;
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    for (const { bare } of [juliet, paris]) {
      romeo.sends(message(bare, rules(false, "deliver direct notify")));
      await romeo.receives(
        xml`<message type="error" from="${THERE}" to="${romeo.full}" id="m1"><error code="405" type="modify"><not-acceptable xmlns="${NS.STANZAS}"/></error></message>`,
      );
    }
    romeo.sends(message(juliet.bare, rules(false, "deliver direct drop")));
    await settle(casts);
    juliet.hasReceivedNothing();
  },
);

const without = modules.filter(({ name }) => name !== "amp");
const plain = league(2, { ...OPEN, each: [{}, { modules: without }] });

plain("2.2.4, 6.2.4: a server without rules is sent nothing, and its sender is told so", async ({ casts, network }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  for (const text of ["deliver stored notify", "deliver none error", "deliver direct drop"]) {
    for (const perHop of [false, true]) {
      if (perHop && text === "deliver direct drop") continue;
      romeo.sends(message(juliet.bare, rules(perHop, text)));
      await romeo.receives(
        xml`<message type="error" from="${HERE}" to="${romeo.full}" id="m1"><amp xmlns="${NS.AMP}">${rule(text)}</amp><error type="cancel" code="503"><service-unavailable xmlns="${NS.STANZAS}"/></error></message>`,
      );
    }
  }
  await settle(casts);
  expect(network.seen.filter(({ text }) => text.includes("<body>"))).toEqual([]);
  romeo.sends(xml`<message to="${juliet.bare}" id="m2"><body>No rules</body></message>`);
  await juliet.receives(xml`<message id="m2"><body>No rules</body></message>`);
});

const local = league(2, { ...OPEN, s2s: { amp: "local" }, each: [{}, { modules: without }] } as never);

local("local: what this server can decide is decided here, the rest is refused", async ({ casts, network }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  romeo.sends(message(juliet.bare, rules(false, "deliver none notify", "deliver stored notify")));
  await juliet.receives(xml`<message id="m1"><body>Hi</body></message>`);
  romeo.sends(message(juliet.bare, rules(false, "deliver direct notify")));
  await romeo.receives(xml`<message type="error" from="${HERE}" id="m1"/>`);
  network.weather = () => "unreachable";
  romeo.sends(message(juliet.bare, rules(false, "deliver stored notify")));
  await romeo.receives(reply("deliver stored notify", { domain: HERE, from: romeo.full, to: juliet.bare })!, {
    exact: true,
  });
  network.weather = () => undefined;
  await juliet.receives(xml`<message id="m1"><body>Hi</body></message>`);
  network.weather = () => "not-found";
  romeo.sends(message(juliet.bare, rules(false, "deliver none alert")));
  await romeo.receives(reply("deliver none alert", { domain: HERE, from: romeo.full, to: juliet.bare })!, {
    exact: true,
  });
});
