/** XEP-0198: acknowledgements, and streams that are resumed without loss and without doubles. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, notice } from "../conversation/amp.ts";
import type { Device } from "../conversation/device.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

const RESUME_SECONDS = 60;
const CONFIG = { amp: { presencePolicy: "open" }, probe: { timeoutSeconds: 1, idleSeconds: 5 } } as const;
const scenario = stage({ ...CONFIG, transports: MANAGED });
const timed = stage({
  ...CONFIG,
  transports: MANAGED,
  sm: { resumeSeconds: RESUME_SECONDS },
  probe: { timeoutSeconds: 30 },
  manualClock: true,
});

const messagesOnly = { hears: ["message"] } as const;
const sm = { ...messagesOnly, sm: true } as const;
const chat = (to: string, id: string, content: Markup = xml``) =>
  xml`<message to="${to}" id="${id}" type="chat"><body>${id}</body>${content}</message>`;
const got = (from: Device, id: string) =>
  xml`<message from="${from.full}" id="${id}" type="chat"><body>${id}</body></message>`;
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `m${from + at}`);

const ENABLE = xml`<enable xmlns="${NS.SM}" resume="true"/>`.text;

async function failsWith(device: Device, condition: string): Promise<void> {
  const failed = await device.gets("failed", NS.SM);
  expect(failed.child(condition, NS.STANZAS)).toBeDefined();
}

// Enabling

scenario("3: enabled with resumption: an id, resume='true', and how long", async ({ romeo }) => {
  await romeo.logsIn();
  expect(romeo.features?.child("sm", NS.SM)).toBeDefined();
  const enabled = await romeo.enables();
  expect(enabled.attributes).toMatchObject({ id: expect.stringMatching(/^\S+$/), resume: "true", max: "300" });
});

scenario("3: enabled without resumption: no id; the session ends with its connection", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  const enabled = await juliet.enables(false);
  expect(enabled.attr("id")).toBeUndefined();
  expect(enabled.attr("resume")).toBeUndefined();
  juliet.cuts();
  romeo.sends(chat(juliet.bare, "m1"));
  await romeo.receivesNothing();
  const chamber = juliet.device("chamber");
  await chamber.online(messagesOnly);
  await chamber.receives(got(romeo, "m1"));
});

scenario(
  "3: enabling twice, before a resource is bound or before authentication fails, and harms nothing",
  async ({ romeo }) => {
    await romeo.connects();
    romeo.sendsRaw(ENABLE);
    await failsWith(romeo, "unexpected-request");
    await romeo.authenticates();
    romeo.sendsRaw(ENABLE);
    await failsWith(romeo, "unexpected-request");
    await romeo.binds();
    await romeo.enables();
    romeo.sendsRaw(ENABLE);
    await failsWith(romeo, "unexpected-request");
    await romeo.pings(romeo.bare);
  },
);

scenario("XEP-0198 and BOSH: not offered, and refused", { transports: ["bosh"] }, async ({ romeo }) => {
  await romeo.logsIn();
  expect(romeo.features?.child("sm", NS.SM)).toBeUndefined();
  romeo.sendsRaw(ENABLE);
  await romeo.gets("failed", NS.SM);
  await romeo.pings(romeo.bare);
});

// Acknowledgements

scenario(
  "4: h counts stanzas of every kind since enable, answered or not, and nothing else",
  async ({ romeo, juliet }) => {
    await romeo.logsIn();
    await juliet.online(messagesOnly);
    await romeo.enables();
    expect(await romeo.asksForAck()).toBe(0);
    romeo.sends(chat(juliet.full, "m1"));
    romeo.sends(xml`<presence/>`);
    romeo.sends(xml`<iq type="result" id="r"/>`);
    romeo.sends(xml`<message to="@bad"><body>m</body></message>`);
    romeo.sends(chat(`${juliet.bare}/gone`, "m2"));
    expect(await romeoAck(romeo)).toBe(5);
    await romeo.ignores();
    await juliet.ignores();
  },
);

async function romeoAck(romeo: Device): Promise<number> {
  romeo.sendsRaw(xml`<r xmlns="${NS.SM}"/>`.text);
  const a = await romeo.receivesInTime(xml`<a xmlns="${NS.SM}" h="{any}"/>`);
  return Number(a.attr("h"));
}

scenario("4: <r/> is answered with the h of a message only when that is stored", async ({ romeo, juliet, server }) => {
  await romeo.online(sm);
  const before = await romeo.asksForAck();
  romeo.sends(chat(juliet.bare, "m1"));
  expect(await romeo.asksForAck()).toBe(before + 1);
  const [waiting] = await server.store(["pending", juliet.bare, 0, 10]);
  expect(waiting).toHaveLength(1);
});

scenario("4: an h that counts more than was sent ends the stream with handled-count-too-high", async ({ romeo }) => {
  await romeo.online(sm);
  romeo.sendsRaw(xml`<a xmlns="${NS.SM}" h="1000"/>`.text);
  const error = await romeo.isThrownOut("undefined-condition");
  const reason = error.child("handled-count-too-high", NS.SM);
  expect(reason?.attributes).toMatchObject({ h: "1000", "send-count": expect.stringMatching(/^\d+$/) });
});

scenario("4: an h that is no number ends the stream", async ({ romeo }) => {
  await romeo.online(sm);
  romeo.sendsRaw(xml`<a xmlns="${NS.SM}" h="many"/>`.text);
  await romeo.gets("error", NS.STREAM);
  await romeo.isDisconnected();
});

// Resumption

scenario("5: what was missed comes on resumption, each once, in order", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online(sm);
  for (const id of ids(0, 3)) romeo.sends(chat(juliet.bare, id));
  for (const id of ids(0, 3)) await juliet.receives(got(romeo, id));
  juliet.cuts();
  for (const id of ids(3, 20)) romeo.sends(chat(juliet.bare, id));
  await romeo.receivesNothing();
  await juliet.resumes();
  for (const id of ids(3, 20)) await juliet.receives(got(romeo, id));
  romeo.sends(chat(juliet.bare, "m20"));
  await juliet.receives(got(romeo, "m20"));
  await juliet.receivesNothing();
});

scenario(
  "5: what was received and not acknowledged is not sent again: the h of <resume/> counts it",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.withholdsProof();
    for (const id of ids(0, 5)) romeo.sends(chat(juliet.bare, id));
    for (const id of ids(0, 5)) await juliet.receives(got(romeo, id));
    juliet.cuts();
    juliet.provesAgain();
    await juliet.resumes();
    await juliet.receivesNothing();
    await juliet.logsOut();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);

scenario("5: what a frozen device never read is sent again, and only that", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online(sm);
  romeo.sends(chat(juliet.bare, "m0"));
  await juliet.receives(got(romeo, "m0"));
  juliet.freezes();
  for (const id of ids(1, 6)) romeo.sends(chat(juliet.bare, id));
  await romeo.receivesNothing();
  juliet.cuts();
  await juliet.resumes();
  for (const id of ids(1, 6)) await juliet.receives(got(romeo, id));
  await juliet.receivesNothing();
});

scenario(
  "5: what the client had sent arrives once: the h of <resumed/> tells what got through",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    for (const id of ids(0, 3)) juliet.sends(chat(romeo.bare, id));
    for (const id of ids(0, 3)) await romeo.receives(got(juliet, id));
    juliet.cuts();
    // Into a connection that is gone: the client keeps them.
    for (const id of ids(3, 6)) juliet.sends(chat(romeo.bare, id));
    await juliet.resumes();
    for (const id of ids(3, 6)) await romeo.receives(got(juliet, id));
    await romeo.receivesNothing();
    await juliet.receivesNothing();
  },
);

scenario(
  "5: resumed while the old connection lingers: that one is closed, the new one goes on",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.freezes();
    for (const id of ids(0, 3)) romeo.sends(chat(juliet.full, id));
    await romeo.receivesNothing();
    await juliet.resumes();
    for (const id of ids(0, 3)) await juliet.receives(got(romeo, id));
    romeo.sends(chat(juliet.full, "m3"));
    await juliet.receives(got(romeo, "m3"));
    await juliet.receivesNothing();
  },
);

scenario("5: a stream can be resumed time and again", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online(sm);
  for (let time = 0; time < 4; time++) {
    juliet.cuts();
    romeo.sends(chat(juliet.bare, `m${time}`));
    juliet.sends(chat(romeo.bare, `n${time}`));
    await romeo.receivesNothing();
    await juliet.resumes();
    await juliet.receives(got(romeo, `m${time}`));
    await romeo.receives(got(juliet, `n${time}`));
  }
  await juliet.receivesNothing();
});

scenario("5: presence, roster pushes and requests are kept too, in their order", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online({ sm: true });
  juliet.cuts();
  romeo.sends(chat(juliet.full, "m0"));
  romeo.sends(xml`<presence to="${juliet.full}"/>`);
  romeo.sends(xml`<iq type="get" to="${juliet.full}" id="q"><x xmlns="urn:verona:riddle"/></iq>`);
  romeo.sends(chat(juliet.full, "m1"));
  await romeo.receivesNothing();
  await juliet.resumes();
  await juliet.receives(got(romeo, "m0"));
  await juliet.receives(xml`<presence from="${romeo.full}"/>`);
  await juliet.receives(xml`<iq type="get" from="${romeo.full}" id="q"/>`);
  await juliet.receives(got(romeo, "m1"));
});

scenario(
  "5: an unknown previd and that of somebody else: item-not-found, and a resource may be bound on the same stream",
  async ({ romeo, juliet }) => {
    await romeo.online(sm);
    const { id } = romeo.management!;
    for (const previd of ["unknown", id]) {
      const answer = await juliet.triesToResume(previd);
      expect(answer.name).toBe("failed");
      expect(answer.attr("h")).toBeUndefined();
      expect(answer.child("item-not-found", NS.STANZAS)).toBeDefined();
      await juliet.binds();
      await juliet.becomesAvailable();
      await juliet.logsOut();
    }
    await romeo.receivesNothing();
  },
);

scenario("5: a <resume/> without previd or h, and one after binding, fails", async ({ romeo }) => {
  await romeo.connects();
  await romeo.authenticates();
  for (const attributes of [xml` h="0"`, xml` previd="x"`, xml` previd="x" h="some"`]) {
    romeo.sendsRaw(xml`<resume xmlns="${NS.SM}"${attributes}/>`.text);
    await romeo.gets("failed", NS.SM);
  }
  await romeo.binds();
  romeo.sendsRaw(xml`<resume xmlns="${NS.SM}" previd="x" h="0"/>`.text);
  await failsWith(romeo, "unexpected-request");
  await romeo.pings(romeo.bare);
});

scenario("5: a stream that was ended in order cannot be resumed, and its h is told", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online(sm);
  juliet.sends(chat(romeo.bare, "m1"));
  await romeo.receives(got(juliet, "m1"));
  const h = await juliet.asksForAck();
  await juliet.logsOut();
  const answer = await juliet.triesToResume();
  expect(answer.name).toBe("failed");
  expect(answer.attr("h")).toBe(String(h));
});

scenario(
  "5, 6120 7.7.2.2: a session that waits to be resumed is replaced by one with the same resource: nothing is lost",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.cuts();
    for (const id of ids(0, 3)) romeo.sends(chat(juliet.bare, id));
    await romeo.receivesNothing();
    await juliet.online(sm);
    for (const id of ids(0, 3)) await juliet.receives(got(romeo, id));
    await juliet.receivesNothing();
  },
);

scenario(
  "5: dead and not noticed: the silence is found out, and what was sent comes on resumption",
  async ({ romeo, juliet, server }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.freezes();
    romeo.sends(chat(juliet.full, "m0"));
    await server.log.tells("connection is dead", juliet.full);
    romeo.sends(chat(juliet.full, "m1"));
    await romeo.receivesNothing();
    await juliet.resumes();
    await juliet.receives(got(romeo, "m0"));
    await juliet.receives(got(romeo, "m1"));
    await juliet.receivesNothing();
  },
);

scenario("XEP-0352 5.2: a stream that is resumed is active, whatever it was before", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online(sm);
  juliet.sendsRaw(xml`<inactive xmlns="${NS.CSI}"/>`.text);
  juliet.cuts();
  await juliet.resumes();
  const typing = xml`<composing xmlns="${NS.CHATSTATES}"/>`;
  romeo.sends(xml`<message to="${juliet.full}" id="s1" type="chat">${typing}</message>`);
  await juliet.receives(xml`<message from="${romeo.full}" id="s1" type="chat">${typing}</message>`);
});

// A new session while another waits to be resumed

scenario(
  "design 7: a new session gets at once what the old one holds, before anything newer; resumed, that gives it no more",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.cuts();
    for (const id of ids(0, 120)) romeo.sends(chat(juliet.bare, id));
    romeo.sends(chat(juliet.full, "old"));
    await romeo.receivesNothing();
    const chamber = juliet.device("chamber");
    await chamber.online(messagesOnly);
    romeo.sends(chat(juliet.bare, "m120"));
    for (const id of ids(0, 121)) await chamber.receives(got(romeo, id));
    await chamber.receivesNothing();
    await chamber.logsOut();
    await juliet.resumes();
    await juliet.receives(got(romeo, "old"));
    await juliet.receives(got(romeo, "m120"));
    await juliet.receivesNothing();
    await romeo.receivesNothing();
  },
);

scenario(
  "design 7: resumed before the new session has proved anything: both get it, under one id, and it is told once",
  async ({ romeo, juliet, server }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.cuts();
    romeo.sends(chat(juliet.bare, "m1", amp("deliver direct notify")));
    await romeo.receivesNothing();
    const chamber = juliet.device("chamber");
    chamber.withholdsProof();
    await chamber.online(sm);
    const early = await chamber.receives(got(romeo, "m1"));
    await romeo.receivesNothing();
    await juliet.resumes();
    const late = await juliet.receives(got(romeo, "m1"));
    expect(late.child("stanza-id", NS.SID)?.attr("id")).toBe(early.child("stanza-id", NS.SID)?.attr("id"));
    await romeo.receives(notice("deliver direct notify", { domain: server.domain, from: romeo.full, to: juliet.bare }));
    chamber.provesAgain();
    await romeo.receivesNothing();
    await chamber.logsOut();
    await juliet.logsOut();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);

scenario(
  "design 7: the old session's death is noticed after the new one has come: that gets at once what it holds",
  async ({ romeo, juliet, server }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.freezes();
    romeo.sends(chat(juliet.bare, "m1"));
    await romeo.receivesNothing();
    const chamber = juliet.device("chamber");
    await chamber.online(messagesOnly);
    await server.log.tells("connection is dead", juliet.full);
    await chamber.receives(got(romeo, "m1"));
    await chamber.receivesNothing();
    await juliet.resumes();
    await juliet.receivesNothing();
  },
);

scenario(
  "design 7: what the new session has read in its archive before its presence does not come again",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.cuts();
    romeo.sends(chat(juliet.bare, "m1"));
    await romeo.receivesNothing();
    const chamber = juliet.device("chamber");
    await chamber.logsIn(messagesOnly);
    chamber.sends(xml`<iq type="set" id="q1"><query xmlns="${NS.MAM}"/></iq>`);
    await chamber.receives(
      xml`<message><result xmlns="${NS.MAM}"><forwarded xmlns="${NS.FORWARD}"><message xmlns="${NS.CLIENT}" id="m1"/></forwarded></result></message>`,
    );
    await chamber.receives(xml`<iq type="result" id="q1"/>`);
    await chamber.becomesAvailable();
    romeo.sends(chat(juliet.bare, "m2"));
    await chamber.receives(got(romeo, "m2"));
    await juliet.resumes();
    await juliet.receives(got(romeo, "m2"));
    await juliet.receivesNothing();
    await chamber.receivesNothing();
  },
);

// The end of the time for resumption

const RULES = ["deliver direct notify", "deliver stored notify"] as const;

timed(
  "5, design 7: not resumed in time: unproved messages are stored, told as stored, and wait; <failed/> tells h",
  async ({ romeo, juliet, server, clock }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.sends(chat(romeo.bare, "n0"));
    await romeo.receives(got(juliet, "n0"));
    const h = await juliet.asksForAck();
    juliet.cuts();
    romeo.sends(chat(juliet.bare, "m1", amp(...RULES)));
    await romeo.receivesNothing();
    clock.advance((RESUME_SECONDS - 1) * 1000);
    await romeo.receivesNothing();
    clock.advance(2000);
    await romeo.receives(notice(RULES[1], { domain: server.domain, from: romeo.full, to: juliet.bare }), {
      exact: true,
    });
    const answer = await juliet.triesToResume();
    expect(answer.name).toBe("failed");
    expect(answer.attr("h")).toBe(String(h));
    await juliet.binds();
    await juliet.becomesAvailable();
    await juliet.receives(got(romeo, "m1"));
    await juliet.receivesNothing();
    await romeo.receivesNothing();
  },
);

timed(
  "5: resumed at the last moment: told as direct, and nothing is stored",
  async ({ romeo, juliet, server, clock }) => {
    await romeo.online(messagesOnly);
    await juliet.online(sm);
    juliet.cuts();
    romeo.sends(chat(juliet.bare, "m1", amp(...RULES)));
    await romeo.receivesNothing();
    clock.advance((RESUME_SECONDS - 1) * 1000);
    await juliet.resumes();
    await juliet.receives(got(romeo, "m1"));
    await romeo.receives(notice(RULES[0], { domain: server.domain, from: romeo.full, to: juliet.bare }), {
      exact: true,
    });
    await juliet.logsOut();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);

scenario("5: what is durable after the end of the session is in the h of failed", async (cast) => {
  const { romeo, juliet, server, transport } = cast;
  const messages = ["a", "b", "c"].map((id) => chat(juliet.bare, id));
  await juliet.logsIn();
  await juliet.logsOut();
  await romeo.online(sm);
  const before = await romeo.asksForAck();
  const bad = '<bad xmlns="urn:bad"/>';
  // Over TCP in one piece, so that the session ends before anything is committed.
  if (transport === "tcp") romeo.sendsRaw(messages.map(({ text }) => text).join("") + bad);
  else {
    for (const message of messages) romeo.sends(message);
    romeo.sendsRaw(bad);
  }
  await romeo.isThrownOut("unsupported-stanza-type");
  const counted = String(before + messages.length);
  let h: string | undefined;
  for (let round = 0; round < 20 && h !== counted; round++) {
    await server.commits();
    h = (await romeo.triesToResume()).attr("h");
  }
  expect(h).toBe(counted);
});
