import { describe, expect, spyOn, test } from "bun:test";
import { EventTurn } from "../../transport/event_turn.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";
import { FakeSessions } from "./fake_services.ts";

/** Notes what happens to the sessions, and what leaves. */
function stage() {
  const events: string[] = [];
  const sessions = new FakeSessions();
  sessions.hold = () => void events.push("hold");
  sessions.handle = () => void events.push("handle");
  const turn = new EventTurn(sessions);
  const tell = (text: string) => {
    turn.tells(scanElement(text, DEFAULT_XML_LIMITS));
    events.push(text.slice(1, -2));
  };
  return { events, sessions, turn, tell };
}

const over = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("EventTurn", () => {
  test("lets messages gather until the turn is over, and lets them leave in the same one", async () => {
    const { events, turn, tell } = stage();
    tell("<message/>");
    turn.add({ flush: () => events.push("flush") });
    tell("<message/>");
    expect(events).toEqual(["hold", "message", "message"]);
    await over();
    expect(events).toEqual(["hold", "message", "message", "handle", "flush"]);
    tell("<message/>");
    expect(events.slice(5)).toEqual(["hold", "message"]);
  });

  test("what is sent while messages are handled leaves in the same turn", async () => {
    const { events, sessions, turn, tell } = stage();
    sessions.handle = () => turn.add({ flush: () => events.push("flush") });
    tell("<message/>");
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(["hold", "message", "flush"]);
  });

  test("lets nothing overtake a message, and no message overtake anything else", () => {
    const { events, tell } = stage();
    for (const name of ["message", "message", "presence", "message", "iq"]) tell(`<${name}/>`);
    expect(events.join(" ")).toBe("hold message message handle presence hold message handle iq");
  });

  test("at most 32 messages gather", () => {
    const { events, tell } = stage();
    for (let i = 0; i < 32; i++) tell("<message/>");
    expect(events).not.toContain("handle");
    tell("<message/>");
    expect(events.slice(-3)).toEqual(["handle", "hold", "message"]);
  });

  test("a long message does not wait for company", () => {
    const { events, tell } = stage();
    const long = `<message>${"x".repeat(60_000)}</message>`;
    tell("<message/>");
    tell(long);
    expect(events).not.toContain("handle");
    tell(long);
    expect(events.at(-2)).toBe("hold");
    expect(events.at(-3)).toBe("handle");
  });

  test("what has to leave leaves although an actor's failure came through", () => {
    const { sessions, turn } = stage();
    let flushed = false;
    sessions.handle = () => {
      throw new Error("a fault");
    };
    const later = spyOn(globalThis, "setImmediate");
    later.mockImplementation(((task: () => void) => expect(task).toThrow("a fault")) as never);
    turn.add({
      flush: () => {
        flushed = true;
      },
    });
    later.mockRestore();
    expect(flushed).toBe(true);
  });
});
