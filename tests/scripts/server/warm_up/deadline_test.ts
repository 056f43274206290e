import { expect, test } from "bun:test";
import { Deadline, TimeOver } from "../../../../scripts/server/warm_up/deadline.ts";

test("check() throws once the limit is reached", () => {
  let now = 1000;
  const deadline = new Deadline(50, () => now);
  now = 1049;
  deadline.check();
  expect(deadline.spentMs).toBe(49);
  now = 1050;
  expect(() => deadline.check()).toThrow(TimeOver);
});
