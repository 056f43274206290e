import { describe, expect, test } from "bun:test";
import { type AmpAdapter, createAmp } from "../../client/amp.ts";
import type { AmpReply, ReplyOutcome } from "../../client/amp_reply.ts";
import { type AmpRule, deliver } from "../../client/amp_rule.ts";

interface FakeMessage {
  readonly id?: string;
  readonly to?: string;
}

const RULES = [deliver("stored", "notify")];
const NOTIFIED: ReplyOutcome = { kind: "notified", rule: deliver("stored", "notify") };

class FakeLibrary implements AmpAdapter<FakeMessage> {
  readonly sent: { id: string; rules: readonly AmpRule[] }[] = [];
  readonly listeners = new Set<(reply: AmpReply) => void>();
  fault: Error | undefined;

  address({ id, to = "romeo@localhost" }: FakeMessage) {
    return { id, to };
  }

  async send(_message: FakeMessage, id: string, rules: readonly AmpRule[]): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    this.sent.push({ id, rules });
  }

  listen(receive: (reply: AmpReply) => void): () => void {
    this.listeners.add(receive);
    return () => this.listeners.delete(receive);
  }

  reply(id: string, outcome: ReplyOutcome, from: string | undefined = "localhost"): void {
    for (const listener of this.listeners) listener({ id, from, outcome });
  }
}

describe("createAmp().send()", () => {
  test("resolves with what is reported about this message, and stops listening", async () => {
    const library = new FakeLibrary();
    const outcome = createAmp(library).send({ id: "m1" }, RULES);
    expect(library.sent).toEqual([{ id: "m1", rules: RULES }]);
    library.reply("m2", { kind: "alert", rule: RULES[0]! });
    library.reply("m1", NOTIFIED);
    expect(await outcome).toEqual(NOTIFIED);
    expect(library.listeners.size).toBe(0);
  });

  test("takes a reply that comes before the library has sent", async () => {
    const library = new FakeLibrary();
    const send = library.send.bind(library);
    library.send = async (message, id, rules) => {
      library.reply(id, NOTIFIED);
      await send(message, id, rules);
    };
    expect(await createAmp(library).send({ id: "m1" }, RULES)).toEqual(NOTIFIED);
  });

  test("keeps several messages apart, listening once", async () => {
    const library = new FakeLibrary();
    const amp = createAmp(library);
    const outcomes = [amp.send({}, RULES), amp.send({}, RULES), amp.send({}, RULES)];
    expect(library.listeners.size).toBe(1);
    const ids = library.sent.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids.toReversed())
      library.reply(id, { ...NOTIFIED, rule: { ...RULES[0]!, value: id } } as ReplyOutcome);
    const values = (await Promise.all(outcomes)).map((outcome) =>
      outcome.kind === "notified" ? outcome.rule.value : "",
    );
    expect(values).toEqual(ids);
    expect(library.listeners.size).toBe(0);
  });

  test("resolves with timeout when nothing is reported", async () => {
    const library = new FakeLibrary();
    expect(await createAmp(library, { timeoutMs: 5 }).send({}, RULES)).toEqual({ kind: "timeout" });
    expect(await createAmp(library).send({}, RULES, { timeoutMs: 5 })).toEqual({ kind: "timeout" });
    expect(library.listeners.size).toBe(0);
  });

  test.each([
    ["the server", "localhost", true],
    ["the library's own server, left out", undefined, true],
    ["a device of the recipient", "Romeo@localhost/phone", true],
    ["a third party", "tybalt@localhost/street", false],
    ["a resource of the server's domain", "localhost/x", false],
  ])("takes the word of %s: %p %p", async (_, from, taken) => {
    const library = new FakeLibrary();
    const outcome = createAmp(library).send({ id: "m1" }, RULES, { timeoutMs: 5 });
    for (const listener of library.listeners) listener({ id: "m1", from, outcome: NOTIFIED });
    expect((await outcome).kind).toBe(taken ? "notified" : "timeout");
  });

  test("throws what the library throws, and forgets the message", async () => {
    const library = new FakeLibrary();
    library.fault = new Error("offline");
    const amp = createAmp(library);
    await expect(amp.send({ id: "m1" }, RULES)).rejects.toThrow("offline");
    await Promise.resolve();
    library.fault = undefined;
    const again = amp.send({ id: "m1" }, RULES);
    library.reply("m1", NOTIFIED);
    expect(await again).toEqual(NOTIFIED);
  });

  test("throws without rules, and for an id that is under way", async () => {
    const library = new FakeLibrary();
    const amp = createAmp(library);
    await expect(amp.send({}, [])).rejects.toThrow("it has no rule");
    const first = amp.send({ id: "m1" }, RULES, { timeoutMs: 5 });
    await expect(amp.send({ id: "m1" }, RULES)).rejects.toThrow("under way");
    await first;
  });
});
