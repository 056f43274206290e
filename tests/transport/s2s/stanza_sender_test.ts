import { expect, test } from "bun:test";
import { OpenQuestions } from "../../../transport/s2s/open_questions.ts";
import { StanzaSender } from "../../../transport/s2s/stanza_sender.ts";
import { FakeWire } from "./fake_wire.ts";

interface Timer {
  readonly ms: number;
  readonly task: () => void;
}

test("answers that prove nothing new are asked for again after a while, and do not put off the end", async () => {
  const wire = new FakeWire([]);
  const timers: Timer[] = [];
  const schedule = (ms: number, task: () => void) => {
    const timer = { ms, task };
    timers.push(timer);
    return () => void timers.splice(timers.indexOf(timer), 1);
  };
  const parts = { wire: wire.asWire, from: "a.lab", to: "b.lab", questions: new OpenQuestions(), newId: () => "q" };
  const sender = new StanzaSender({ ...parts, schedule, proofMs: 5000 }, true);
  const proved: string[] = [];
  const parcel = { text: "<message/>", proof: true, isAbandoned: () => false, failed() {} };
  sender.send({ ...parcel, done: () => void proved.push("it") });
  await new Promise((resolve) => setImmediate(resolve));
  const asked = () => wire.sent.split("<r ").length - 1;
  expect(asked()).toBe(1);
  for (let i = 0; i < 100; i++) sender.acknowledged("0");
  expect(asked()).toBe(1);
  expect(timers.map(({ ms }) => ms)).toEqual([5000, 250]);
  timers.pop()!.task();
  expect(asked()).toBe(2);
  sender.acknowledged("1");
  expect(proved).toEqual(["it"]);
  expect(timers).toEqual([]);
});
