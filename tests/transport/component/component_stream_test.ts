/** XEP-0114: whatever a peer sends in whatever order, nothing of it counts before a handshake that is right. */
import { test } from "bun:test";
import fc from "fast-check";
import { ComponentStream } from "../../../transport/component/component_stream.ts";
import { handshakeDigest } from "../../../transport/component/handshake.ts";
import { OpenQuestions } from "../../../transport/s2s/open_questions.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";
import { NS } from "../../../xmpp/ns.ts";
import { FakeWire } from "../s2s/fake_wire.ts";
import { DOMAIN, SECRET, SETTINGS } from "./component_end.ts";

const ID = "3BF96D32";
const address = fc.constantFrom(`x@${DOMAIN}`, `a.${DOMAIN}`, "romeo@a.lab", "b.lab", "@", "");
const input = fc.oneof(
  fc
    .constantFrom(DOMAIN, "a.lab", "b.lab", "@", "")
    .map((to) => `<stream:stream xmlns='${NS.COMPONENT}' xmlns:stream='${NS.STREAM}' to='${to}'>`),
  fc
    .constantFrom(handshakeDigest(ID, SECRET), handshakeDigest(ID, "another"), "")
    .map((digest) => `<handshake>${digest}</handshake>`),
  fc
    .record({ name: fc.constantFrom("message", "presence", "iq"), from: address, to: address })
    .map(({ name, from, to }) => `<${name} from='${from}' to='${to}' type='result' id='1'/>`),
  fc.constant(`<stream:error xmlns:stream='${NS.STREAM}'><conflict xmlns='${NS.STREAMS}'/></stream:error>`),
);

test("a stream delivers, and is joined, after its handshake alone; it is left once, and its timers end", () => {
  fc.assert(
    fc.property(fc.array(input, { maxLength: 8 }), (inputs) => {
      let isJoined = false;
      let left = 0;
      let isStranger: boolean | undefined;
      let isRight = false;
      const timers = new Set<object>();
      const wire = new FakeWire([]);
      const stream: ComponentStream = new ComponentStream(
        {
          settings: SETTINGS,
          questions: new OpenQuestions(),
          reaches: (domain) => domain === "a.lab",
          log: SILENT_LOG,
          newId: () => ID,
          schedule: (ms, task) => {
            const timer = { ms, task };
            timers.add(timer);
            return () => timers.delete(timer);
          },
          inbound: {
            received: ({ from, to }, handled) => {
              if (!isJoined) throw new Error("delivered before the handshake");
              if (!from!.domain.endsWith(DOMAIN) || to!.domain !== "a.lab")
                throw new Error(`delivered from ${from} to ${to}`);
              handled();
            },
          },
        },
        {
          joined: () => {
            if (!isRight || isJoined) throw new Error("joined without its handshake, or twice");
            isJoined = true;
          },
          left: (_, stranger) => {
            left++;
            isStranger = stranger;
          },
        },
        (events) => {
          wire.events = events;
          return wire.asWire;
        },
      );
      let hasHeader = false;
      for (const text of inputs) {
        isRight = hasHeader && text.includes(handshakeDigest(ID, SECRET));
        hasHeader ||= text.includes(`to='${DOMAIN}'>`) && text.startsWith("<stream:stream");
        wire.receive(text);
      }
      if (wire.sent.split("<stream:stream").length > 2) throw new Error("two headers");
      stream.close();
      if (left !== 1 || isStranger === isJoined) throw new Error(`left ${left} times, stranger ${isStranger}`);
      if (timers.size > 0) throw new Error("timers are left");
    }),
    { numRuns: 500 },
  );
});
