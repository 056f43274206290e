/** A long answer to a client makes the account's next request wait, so that others are served in between. */
import { expect, test } from "bun:test";
import { Meters } from "../../../actors/meters.ts";
import type { Node, UserEntry } from "../../../actors/node.ts";
import { Mailbox } from "../../../actors/runtime/mailbox.ts";
import { Scheduler } from "../../../actors/runtime/scheduler.ts";
import type { LiveAccount, LiveResource } from "../../../actors/user/live_account.ts";
import type { UserLetter } from "../../../actors/user/user_letter.ts";
import { UserActor } from "../../../actors/user_actor.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { raw } from "../../../xmpp/xml/xml.ts";
import { unboundedKind } from "../unbounded_kind.ts";

const JULIET = Jid.parse("juliet@capulet.lit");
const BALCONY = JULIET.withResource("balcony");
const LONG = raw(`<x xmlns="urn:x">${"x".repeat(500_000)}</x>`);
const PAGE = Array.from({ length: 10 }, () => Stanza.build("message", { from: JULIET, to: BALCONY }, raw(LONG.text)));

function answer(request: Stanza, account: LiveAccount): Stanza | Promise<Stanza> {
  const what = request.children[0]!.ns.slice("urn:".length);
  if (what === "long") return request.result(LONG);
  if (what === "late") return Promise.resolve(request.result(LONG));
  account.live = [{ jid: BALCONY } as LiveResource];
  if (what === "page") for (const stanza of PAGE) account.toResource("balcony", stanza);
  return request.result();
}

/** An account's actor, with the ids of the requests that it has answered, and the timers that it waits for. */
function stage() {
  const answered: string[] = [];
  const timers: { readonly ms: number; readonly task: () => void }[] = [];
  const node = {
    meters: new Meters(),
    registry: { answerAccount: answer },
    seqs: { next: () => 1 },
    context: { route: ({ id }: Stanza) => answered.push(id!) },
    session: () => undefined,
    schedule: (ms: number, task: () => void) => {
      timers.push({ ms, task });
      return () => {};
    },
  } as unknown as Node;
  const entry = { jid: JULIET, delivery: { tell: () => {} } } as unknown as UserEntry;
  const kind = unboundedKind<UserLetter>("UserActor", () => {});
  const actor = new UserActor(node, { entry, record: undefined });
  const mailbox = new Mailbox(kind, new Scheduler(() => 0), actor);
  const ask = (id: string, what: string, from = "juliet@capulet.lit/balcony") => {
    const text = `<iq type="get" id="${id}" from="${from}" to="juliet@capulet.lit"><x xmlns="urn:${what}"/></iq>`;
    mailbox.tell({ kind: "iq", stanza: Stanza.parse(text) });
  };
  return { answered, timers, ask };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test.each(["long", "late", "page"])("requests after a long answer wait in proportion to it: %s", async (what) => {
  const { answered, timers, ask } = stage();
  for (const id of ["1", "2", "3"]) ask(id, what);
  for (const expected of [["1"], ["1", "2"], ["1", "2", "3"]]) {
    await settled();
    expect(answered).toEqual(expected);
    expect(timers).toHaveLength(1);
    const { ms, task } = timers.pop()!;
    expect(ms).toBeGreaterThan(10);
    task();
  }
});

test("those after a short one do not", async () => {
  const { answered, timers, ask } = stage();
  for (const id of ["1", "2", "3"]) ask(id, "short");
  expect([answered, timers]).toEqual([["1", "2", "3"], []]);
});

test("what somebody else asks for slows nobody's account", async () => {
  const { answered, timers, ask } = stage();
  for (const id of ["1", "2"]) ask(id, "long", "romeo@montague.lit/garden");
  expect([answered, timers]).toEqual([["1", "2"], []]);
});
