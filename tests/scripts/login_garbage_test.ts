import { describe, expect, test } from "bun:test";
import { collectAfterLogins, LoginGarbage, youngCollection } from "../../scripts/server/login_garbage.ts";

/** Which of these counts, one after the other, brought a collection. */
function due(counts: readonly number[]): number[] {
  const garbage = new LoginGarbage();
  return counts.filter((sessions) => garbage.isDue(sessions));
}

describe("LoginGarbage", () => {
  test.each([
    [
      [0, 10, 31, 32, 40, 63, 64, 100],
      [32, 64, 100],
    ],
    [
      [5000, 5100, 5161, 5162, 5400],
      [5000, 5162, 5400],
    ],
    // Who is away again counts for nothing; who comes after that is new.
    [
      [100, 75, 100, 106, 107],
      [100, 107],
    ],
    [
      [5000, 0, 31, 32],
      [5000, 32],
    ],
    [[31, 1, 31, 2, 31], []],
  ])("of %j finds a collection due at %j", (counts, expected) => {
    expect(due(counts)).toEqual(expected);
  });

  test("comes the less often the more there are: 100,000 logins bring some 180 collections", () => {
    const counts = Array.from({ length: 100_000 }, (_, at) => at + 1);
    expect(due(counts).length).toBeLessThan(190);
  });
});

describe("collectAfterLogins()", () => {
  test("collects once for logins that came, and not while nobody comes", async () => {
    const server = { sessionCount: 31 };
    let collections = 0;
    collectAfterLogins(server, () => collections++);
    await Bun.sleep(250);
    expect(collections).toBe(0);
    server.sessionCount = 32;
    await Bun.sleep(350);
    expect(collections).toBe(1);
  });
});

describe("youngCollection()", () => {
  test("takes away what was just made and is forgotten", async () => {
    const forgotten = forgottenObjects();
    // A reference that is weak holds until the turn in which it was made is over.
    await Bun.sleep(0);
    youngCollection()!();
    const left = forgotten.filter((reference) => reference.deref() !== undefined);
    expect(left.length).toBeLessThan(forgotten.length / 10);
  });
});

function forgottenObjects(): readonly WeakRef<object>[] {
  return Array.from({ length: 1000 }, (_, n) => new WeakRef({ n }));
}
