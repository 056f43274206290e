import { afterEach, expect, test } from "bun:test";
import type { ObjectiveReading } from "../../../server/objectives/objective_watch.ts";
import { Objectives } from "../../../server/objectives/objectives.ts";
import type { FollowedStepRow } from "../../../store/store.ts";
import { TestLog } from "../../conversation/test_log.ts";

const MINUTE = 60_000;
const OBJECTIVE = { match: "example.org", proved_within: "5 s", share: 0.99 };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A store of steps, and a clock whose timers come at once, one turn of the event loop after the other. */
class Stage {
  now = 0;
  readonly rows: FollowedStepRow[] = [];
  readonly log = new TestLog();
  readonly burns: ObjectiveReading[] = [];
  kept: string | undefined;
  reads = 0;

  step(timeline: string, began: number, kind = "accepted"): void {
    const base = { detail: undefined, settles: undefined, from: "a@example.org", to: "b@example.net" };
    this.rows.push({ cursor: this.rows.length + 1, timeline, kind, at: began, began, ...base });
  }

  begin(): Objectives {
    const objectives = new Objectives(
      {
        objectives: [OBJECTIVE],
        store: () => ({
          stepsAfter: async (cursor, limit) => {
            this.reads++;
            return this.rows.filter((row) => row.cursor > cursor).slice(0, limit);
          },
          putFollower: async (_, state) => {
            this.kept = state;
          },
        }),
        log: this.log,
        now: () => this.now,
        schedule: (_, task) => {
          const timer = setTimeout(task, 1);
          return () => clearTimeout(timer);
        },
        burns: (reading) => void this.burns.push(reading),
      },
      this.kept,
      0,
    );
    objectives.run();
    ends.push(() => objectives.stop());
    return objectives;
  }

  /** Everything so far is read, and what is late is missed. */
  async settles(): Promise<void> {
    for (const from = this.reads; this.reads < from + 3; ) await Bun.sleep(1);
  }
}

test("an objective that burns is told of once, and again when it holds", async () => {
  const stage = new Stage();
  const objectives = stage.begin();
  for (let i = 0; i < 5; i++) stage.step(`m${i}`, 0);
  stage.now = 11_000;
  await stage.settles();
  expect(stage.burns).toHaveLength(1);
  expect(stage.burns[0]).toMatchObject({ objective: OBJECTIVE, messages: 5, missed: 5 });
  await stage.log.tells("delivery objective burns its budget", "example.org");
  await stage.settles();
  expect(stage.burns).toHaveLength(1);
  stage.now = 400 * MINUTE;
  await stage.settles();
  await stage.log.tells("delivery objective holds again", "example.org");
  expect(objectives.read()[0]).toMatchObject({ isBurning: false });
});

test("a restart forgets nothing, and counts no message twice", async () => {
  const stage = new Stage();
  let total = 0;
  for (let minute = 0; minute < 8; minute++) {
    const objectives = stage.begin();
    stage.now = minute * MINUTE;
    stage.step(`late ${minute}`, stage.now);
    stage.step(`good ${minute}`, stage.now, "proved");
    total += 2;
    await stage.settles();
    // Also in the middle of a message.
    if (minute % 2 === 1) {
      stage.now += 30_000;
      await stage.settles();
    }
    await objectives.stop();
  }
  stage.now = 20 * MINUTE;
  const last = stage.begin();
  await stage.settles();
  await last.stop();
  // Kept when all is decided: what the next one begins with is everything.
  const { counts } = JSON.parse(stage.kept!);
  const [{ hours }] = Object.values(counts) as [{ hours: [number, number, number][] }];
  expect(hours).toEqual([[0, total, total / 2]]);
  expect(stage.log.errors).toEqual([]);
});
