import { afterAll, expect, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { TestAuthority } from "../../../chaos/test_authority.ts";
import { LinkEnd, TestDns, until } from "./link_end.ts";

const authority = new TestAuthority();
afterAll(() => authority.remove());

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Stands between two servers, and cuts or holds each connection after some bytes, also within a stanza. */
class Scissors {
  cuts = 0;
  isBlunt = false;
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#join(socket));
  #port = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  async listen(port: number): Promise<number> {
    this.#port = port;
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket): void {
    const far = connect(this.#port, "127.0.0.1");
    let left = 3000 + Math.floor(this.#random() * 30_000);
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", cut);
      from.on("close", cut);
      from.on("data", (bytes: Buffer) => {
        left -= bytes.length;
        if (left > 0 || this.isBlunt) return void to.write(bytes);
        to.write(bytes.subarray(0, Math.max(0, bytes.length + left)));
        this.cuts++;
        // Some connections end, some are silent for ever.
        if (this.#random() < 0.8) setTimeout(cut, 2);
        else from.pause();
      });
    }
  }
}

test.each([1, 2, 3, 4, 5])(
  "what is proved has arrived, in order, whatever is cut: seed %p",
  async (seed) => {
    const random = randomOf(seed);
    const dns = new TestDns();
    const auth = [seed % 2 === 0 ? "external" : "dialback"] as const;
    const settings = { auth, bidi: seed > 3, proofMs: 300, negotiationMs: 1000 };
    const [a, b] = ["a.lab", "b.lab"].map(
      (domain) =>
        new LinkEnd({ domains: [domain], dns, certificate: authority.issue(domain), ca: authority.root, settings }),
    ) as [LinkEnd, LinkEnd];
    const scissors = new Scissors(random);
    dns.put("a.lab", await a.listen());
    dns.put("b.lab", await scissors.listen(await b.listen()));
    const handled = new Set<string>();
    b.handle = (stanza, done) => {
      b.answerPing(stanza);
      setTimeout(
        () => {
          if (stanza.id !== undefined) handled.add(stanza.id);
          done();
        },
        random() < 0.1 ? 5 : 0,
      );
    };
    const last = 300;
    const proved: number[] = [];
    // As a queue does: what was not proved goes again, in order.
    for (let first = 1; first <= last; ) {
      const window = Array.from({ length: Math.min(20, last - first + 1) }, (_, i) => first + i);
      const results = await Promise.allSettled(
        window.map(async (i) => {
          await a.send(message(i), true);
          expect(handled.has(String(i))).toBe(true);
          proved.push(i);
        }),
      );
      const failed = results.findIndex(({ status }) => status === "rejected");
      for (const result of results)
        if (result.status === "rejected") expect(result.reason.fault).toBeOneOf(["unreachable", "unproved"]);
      first += failed < 0 ? window.length : failed;
      if (failed >= 0) await sleep(20);
      // Long enough for a test.
      if (scissors.cuts > 12) scissors.isBlunt = true;
    }
    await until(() => proved.length >= last);
    const firsts = [...new Set(b.stanzas.map(({ id }) => Number(id)))];
    expect(firsts).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    expect(scissors.cuts).toBeGreaterThan(2);
    scissors.close();
    await Promise.all([a.stop(), b.stop()]);
  },
  30_000,
);

function message(i: number): string {
  return `<message xmlns="jabber:client" from="r@a.lab/x" to="j@b.lab" id="${i}"><body>${"x".repeat(150)}</body></message>`;
}
