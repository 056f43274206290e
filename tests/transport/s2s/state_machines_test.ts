import { afterAll, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { TestAuthority } from "../../../chaos/test_authority.ts";
import { LinkError } from "../../../destinations/federation/links.ts";
import { TrustedRoots } from "../../../transport/s2s/certificate/trusted_roots.ts";
import { DialbackKeys } from "../../../transport/s2s/dialback_key.ts";
import { DomainBudget } from "../../../transport/s2s/domain_budget.ts";
import { DomainPolicy } from "../../../transport/s2s/domain_policy.ts";
import { HandledCount } from "../../../transport/s2s/handled_count.ts";
import { IncomingStream } from "../../../transport/s2s/incoming_stream.ts";
import type { LinkParts } from "../../../transport/s2s/link_parts.ts";
import { OpenQuestions } from "../../../transport/s2s/open_questions.ts";
import { type Goal, type NegotiationEnd, OutgoingNegotiation } from "../../../transport/s2s/outgoing_negotiation.ts";
import type { S2sAuth } from "../../../transport/s2s/s2s_settings.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";
import { NS } from "../../../xmpp/ns.ts";
import type { Stanza } from "../../../xmpp/stanza.ts";
import { FakeWire } from "./fake_wire.ts";
import { SETTINGS } from "./link_end.ts";

const authority = new TestAuthority();
const good = [new X509Certificate(authority.issue("b.lab").cert)];
const bad = [new X509Certificate(authority.issue("c.lab").cert)];
const roots = new TrustedRoots([authority.root]);
afterAll(() => authority.remove());

const domain = fc.constantFrom("a.lab", "b.lab", "c.lab", "x@b.lab", "");
const address = fc.constantFrom("x@a.lab", "x@b.lab", "b.lab", "x@c.lab", "@", "");
const header = fc
  .record({ from: domain, to: domain, version: fc.constantFrom("1.0", "") })
  .map(
    ({ from, to, version }) =>
      `<stream:stream xmlns='${NS.SERVER}' xmlns:db='${NS.DIALBACK}' xmlns:stream='${NS.STREAM}' id='1' from='${from}' to='${to}'${version && ` version='${version}'`}>`,
  );
const stanza = fc
  .record({ name: fc.constantFrom("message", "presence", "iq"), from: address, to: address })
  .map(({ name, from, to }) => `<${name} from='${from}' to='${to}' type='result' id='1'/>`);
const dialback = fc
  .record({
    name: fc.constantFrom("result", "verify"),
    from: domain,
    to: domain,
    type: fc.constantFrom("", " type='valid'", " type='invalid'", " type='error'"),
    key: fc.constantFrom("genuine", "forged"),
    id: fc.constantFrom("1", "2"),
  })
  .map(
    ({ name, from, to, type, key, id }) =>
      `<db:${name} from='${from}' to='${to}' id='${id}'${type}>${key}</db:${name}>`,
  );
const features = fc
  .subarray([
    `<starttls xmlns='${NS.TLS}'/>`,
    `<mechanisms xmlns='${NS.SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>`,
    `<dialback xmlns='${NS.DIALBACK_FEATURE}'/>`,
    `<sm xmlns='${NS.SM}'/>`,
    `<bidi xmlns='${NS.BIDI_FEATURE}'/>`,
  ])
  .map((offers) => `<stream:features>${offers.join("")}</stream:features>`);
const fixed = fc.constantFrom(
  `<starttls xmlns='${NS.TLS}'/>`,
  `<proceed xmlns='${NS.TLS}'/>`,
  `<failure xmlns='${NS.TLS}'/>`,
  `<auth xmlns='${NS.SASL}' mechanism='EXTERNAL'>=</auth>`,
  `<auth xmlns='${NS.SASL}' mechanism='PLAIN'>AGEAYg==</auth>`,
  `<success xmlns='${NS.SASL}'/>`,
  `<challenge xmlns='${NS.SASL}'/>`,
  `<failure xmlns='${NS.SASL}'><not-authorized/></failure>`,
  `<bidi xmlns='${NS.BIDI}'/>`,
  `<enable xmlns='${NS.SM}'/>`,
  `<enabled xmlns='${NS.SM}'/>`,
  `<failed xmlns='${NS.SM}'/>`,
  `<resume xmlns='${NS.SM}' h='1' previd='x'/>`,
  `<r xmlns='${NS.SM}'/>`,
  `<a xmlns='${NS.SM}' h='1'/>`,
  `<stream:error><conflict xmlns='${NS.STREAMS}'/></stream:error>`,
  "<db:result",
  "<x/>",
);
const any = fc.oneof(header, stanza, dialback, features, fixed);
const START = `<stream:stream xmlns='${NS.SERVER}' xmlns:db='${NS.DIALBACK}' xmlns:stream='${NS.STREAM}' id='1' from='b.lab' to='a.lab' version='1.0'>`;
const AUTH = `<auth xmlns='${NS.SASL}' mechanism='EXTERNAL'>=</auth>`;
const KEY = "<db:result from='b.lab' to='a.lab'>genuine</db:result>";
const STANZA = "<message from='x@b.lab' to='y@a.lab'/>";
const OFFER = (...offers: string[]) => `<stream:features>${offers.join("")}</stream:features>`;
const STARTTLS = `<starttls xmlns='${NS.TLS}'/>`;
const EXTERNAL = `<mechanisms xmlns='${NS.SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>`;
const DIALBACK = `<dialback xmlns='${NS.DIALBACK_FEATURE}'/>`;
const PROCEED = `<proceed xmlns='${NS.TLS}'/>`;
const SUCCESS = `<success xmlns='${NS.SASL}'/>`;
const VALID = "<db:result from='b.lab' to='a.lab' type='valid'/>";
const IN_WAYS = [
  [START, STARTTLS, START, AUTH, START, STANZA, STANZA],
  [START, STARTTLS, START, KEY, STANZA, STANZA],
  [START, KEY, STANZA, STANZA],
];
const OUT_WAYS = [
  [START, OFFER(STARTTLS), PROCEED, START, OFFER(EXTERNAL), SUCCESS, START, OFFER()],
  [START, OFFER(STARTTLS), PROCEED, START, OFFER(DIALBACK, EXTERNAL), VALID, VALID],
  [START, OFFER(STARTTLS), PROCEED, START, OFFER(DIALBACK), "<db:verify from='b.lab' to='a.lab' id='1' type='valid'/>"],
];

/** A way that succeeds, with steps that are left out and others put in, or no such way at all. */
function script(ways: readonly (readonly string[])[]) {
  const changes = fc.array(fc.tuple(fc.nat(8), fc.option(any, { nil: "" })), { maxLength: 2 });
  const changed = fc.tuple(fc.constantFrom(...ways), changes).map(([way, list]) => {
    const texts = [...way];
    for (const [at, text] of list) texts.splice(at, text === "" ? 1 : 0, ...(text === "" ? [] : [text]));
    return texts;
  });
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: fc.array(any, { maxLength: 25 }) });
}
const auths = fc.subarray<S2sAuth>(["external", "dialback"], { minLength: 1 });

test("an incoming stream believes only what a certificate or the domain's server has proved", async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(script(IN_WAYS), fc.boolean(), auths, fc.boolean(), async (texts, isGood, auth, requireTls) => {
      const wire = new FakeWire(isGood ? good : bad);
      const verified = new Set<string>();
      const received: Stanza[] = [];
      const settings = { ...SETTINGS, domains: ["a.lab"], auth, requireTls, bidi: true };
      const parts = partsOf(settings, (one) => received.push(one));
      const stream = new IncomingStream(
        parts,
        {
          async verify({ receiving, originating }, key) {
            if (key !== "genuine") return false;
            if (originating === "c.lab") throw new LinkError("not-found", "no");
            verified.add(`${originating} ${receiving}`);
            return true;
          },
          authenticated: () => true,
          joined: () => {},
          left: () => {},
          refused: () => {},
        },
        (events) => {
          wire.handOver(events);
          return wire.asWire;
        },
      );
      stream.start(false);
      for (const text of texts) {
        wire.receive(text);
        await settle();
      }
      if (wire.sent.includes("<success")) expect(wire.encrypted && isGood && auth.includes("external")).toBe(true);
      for (const { from, to } of received) {
        const byCertificate = wire.encrypted && isGood && auth.includes("external") && from!.domain === "b.lab";
        expect(byCertificate || verified.has(`${from!.domain} ${to!.domain}`)).toBe(true);
        expect(to!.domain).toBe("a.lab");
        if (requireTls) expect(wire.encrypted).toBe(true);
      }
      accepted += received.length;
      stream.close();
    }),
    { numRuns: 3000 },
  );
  // Otherwise the property would say nothing.
  expect(accepted).toBeGreaterThan(100);
});

test("an outgoing stream is ready only when it is authenticated, and ends once", async () => {
  let ready = 0;
  await fc.assert(
    fc.asyncProperty(script(OUT_WAYS), fc.boolean(), auths, fc.boolean(), async (texts, isGood, auth, isQuestion) => {
      const wire = new FakeWire(isGood ? good : bad);
      const ends: NegotiationEnd[] = [];
      const settings = { ...SETTINGS, domains: ["a.lab"], auth };
      const goal: Goal = isQuestion
        ? { kind: "verify", streamId: "1", key: "k" }
        : { kind: "stanzas", bidi: true, skipExternal: false };
      const parts = partsOf(settings, () => {});
      const negotiation = new OutgoingNegotiation(
        { ...parts, from: "a.lab", to: "b.lab" },
        goal,
        (end) => void ends.push(end),
      );
      wire.handOver(negotiation);
      negotiation.start(wire.asWire, false);
      for (const text of texts) {
        wire.receive(text);
        await settle();
      }
      const [end] = ends;
      if (end?.kind === "ready") {
        ready++;
        expect(wire.encrypted).toBe(true);
        const { auth: way } = end.negotiated;
        expect(auth).toContain(way);
        expect(wire.sent).toContain(way === "external" ? "<auth" : "<db:result");
        if (way === "external") expect(isGood).toBe(true);
      }
      if (end?.kind === "verdict") expect(wire.sent).toContain("<db:verify");
      // Nothing that tells who we are goes out without TLS, and no stanza at all.
      if (!wire.encrypted) expect(wire.sent).not.toMatch(/<auth|<db:/);
      expect(wire.sent).not.toMatch(/<message|<presence|<iq/);
      negotiation.stop("over");
      expect(ends).toHaveLength(1);
    }),
    { numRuns: 3000 },
  );
  expect(ready).toBeGreaterThan(20);
});

test("HandledCount counts only what has no gap before it", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }).chain((n) => fc.shuffledSubarray(Array.from({ length: n }, (_, i) => i))),
      (order) => {
        const most = Math.max(-1, ...order) + 1;
        const count = new HandledCount(() => {});
        const handled = Array.from({ length: most }, () => count.add());
        const done = new Set<number>();
        for (const i of order) {
          handled[i]!();
          handled[i]!();
          done.add(i);
          let expected = 0;
          while (done.has(expected)) expected++;
          expect(count.handled).toBe(expected);
        }
      },
    ),
  );
});

function partsOf(settings: LinkParts["settings"], received: (stanza: Stanza) => void): LinkParts {
  const unused = new Proxy({}, { get: () => fail }) as never;
  return {
    settings,
    policy: new DomainPolicy(settings),
    inbound: {
      received(stanza, handled) {
        received(stanza);
        handled();
      },
    },
    tls: { isReady: true } as LinkParts["tls"],
    roots: () => roots,
    keys: new DialbackKeys(new Uint8Array(16)),
    locator: unused,
    questions: new OpenQuestions(),
    budget: new DomainBudget(settings, Date.now),
    log: SILENT_LOG,
    now: Date.now,
    newId: () => "id",
    schedule: () => () => {},
    answer: () => {},
  };
}

function fail(): never {
  throw new Error("Not used here");
}

/** What waits for a promise or a microtask has run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 6; i++) await Promise.resolve();
}
