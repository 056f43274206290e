import { beforeEach, describe, expect, test } from "bun:test";
import type { Connection } from "../../../actors/connection.ts";
import { HeldConnection } from "../../../transport/sasl2/held_connection.ts";
import { StreamError } from "../../../xmpp/errors.ts";

let calls: unknown[];
let held: HeldConnection;
beforeEach(() => {
  calls = [];
  const connection: Connection = {
    transport: "tcp",
    secure: true,
    address: "192.0.2.1",
    backlog: 10,
    send: (text) => calls.push(text),
    probe: (token) => calls.push(token) > 0,
    close: (error) => calls.push(error?.condition ?? "closed"),
    pause: () => calls.push("pause"),
    resume: () => calls.push("resume"),
  };
  held = new HeldConnection(connection);
});

describe("HeldConnection", () => {
  test("keeps back what is sent, then sends it after what goes before", () => {
    held.send("a");
    held.send("b");
    expect(held).toMatchObject({ transport: "tcp", secure: true, address: "192.0.2.1", backlog: 12 });
    expect(held.probe(1)).toBe(false);
    expect(calls).toEqual([]);
    held.release(["success", "features"]);
    held.send("c");
    expect(held.probe(2)).toBe(true);
    held.close();
    expect(calls).toEqual(["success", "features", "a", "b", "c", 2, "closed"]);
    expect(held.backlog).toBe(10);
  });

  test("gives the first word to who takes it, sent before or after", async () => {
    held.send("first");
    expect(await held.takeFirst()).toBe("first");
    const later = held.takeFirst();
    held.send("second");
    held.send("third");
    expect(await later).toBe("second");
    expect(held.backlog).toBe(15);
    held.release([]);
    expect(calls).toEqual(["third"]);
  });

  test("that is closed has no first word, and closes when it is released", async () => {
    const first = held.takeFirst();
    held.close(new StreamError("conflict"));
    held.close();
    expect(await first).toBeUndefined();
    expect(await held.takeFirst()).toBeUndefined();
    expect(calls).toEqual([]);
    held.release(["success"]);
    expect(calls).toEqual(["success", "conflict"]);
  });

  test("hands pauses through", () => {
    held.pause();
    held.resume();
    expect(calls).toEqual(["pause", "resume"]);
  });
});
