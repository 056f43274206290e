import { beforeEach, describe, expect, test } from "bun:test";
import type { NewStep, NewTimeline, StoreCall, TimelineQuery } from "../../store/store.ts";
import { addAccounts, call, faultOf, JULIET, type MakeStore, NURSE, ROMEO, startAnew, useStore } from "./harness.ts";

/** The timelines of tracked messages. */
export function outcomeContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(async () => {
    await startAnew(store());
    await call(store(), "pruneTimelines", Number.MAX_SAFE_INTEGER, 10_000);
  });

  const open = (id: string, more: Partial<NewTimeline> = {}) => call(store(), "openTimeline", timeline(id, more));
  const note = (...steps: readonly NewStep[]) => call(store(), "noteSteps", steps);
  const idsOf = async (query: Omit<TimelineQuery, "limit"> = {}, limit = 100) =>
    (await call(store(), "timelines", { ...query, limit })).map(({ id }) => id);
  const kindsOf = async (id: string) => (await call(store(), "timeline", id))?.steps.map(({ kind }) => kind);
  /** The highest cursor that was given so far. */
  const lastCursor = async () => {
    await open("probe", { at: 0 });
    await note(step("probe", "probe"));
    return (await call(store(), "timeline", "probe"))!.steps.at(-1)!.cursor;
  };

  describe("openTimeline", () => {
    test("keeps everything that is given, and what is not given stays out", async () => {
      const full = timeline("a", { key: "k", digest: "d", stanza: "s" });
      expect(await call(store(), "openTimeline", full)).toBeUndefined();
      expect(await call(store(), "timeline", "a")).toEqual({ ...full, settled: undefined, steps: [] });
      expect(await open("b")).toBeUndefined();
      const bare = await call(store(), "timeline", "b");
      expect([bare?.key, bare?.digest, bare?.stanza]).toEqual([undefined, undefined, undefined]);
    });

    test("of a known key, or of a known id, tells of that timeline and writes nothing", async () => {
      await open("a", { key: "k", digest: "d", stanza: "s" });
      expect(await open("b", { key: "k", digest: "other" })).toEqual({ id: "a", digest: "d" });
      expect(await open("a", { key: "other", digest: "other", to: NURSE })).toEqual({
        id: "a",
        digest: "d",
      });
      expect(await open("a")).toMatchObject({ id: "a" });
      expect(await idsOf()).toEqual(["a"]);
      expect(await call(store(), "timelineOfKey", "other")).toBeUndefined();
      expect(await call(store(), "timelineOfKey", "k")).toMatchObject({
        id: "a",
        to: `${JULIET}/balcony`,
        digest: "d",
      });
    });

    test("any number of timelines has no key", async () => {
      expect(await Promise.all(["a", "b"].map((id) => open(id)))).toEqual([undefined, undefined]);
      expect(await call(store(), "timelineOfKey", "")).toBeUndefined();
    });
  });

  describe("noteSteps", () => {
    test("adds steps in their order, with all that they tell", async () => {
      await open("a");
      const detail = '{"resource":"\u00e9"}';
      await note(step("a", "accepted", { at: 7 }), step("a", "offered", { at: 6, detail }));
      await note(step("a", "settled", { at: 8, settles: "direct" }));
      const kept = await call(store(), "timeline", "a");
      expect(kept?.settled).toBe("direct");
      expect(kept?.steps.map(({ cursor, ...rest }) => rest)).toEqual([
        { timeline: "a", at: 7, kind: "accepted", detail: undefined, settles: undefined },
        { timeline: "a", at: 6, kind: "offered", detail, settles: undefined },
        { timeline: "a", at: 8, kind: "settled", detail: undefined, settles: "direct" },
      ]);
    });

    test("steps of a timeline that is not opened wait unseen, and come in with it", async () => {
      await open("a");
      const start = await lastCursor();
      await note(step("b", "offered"), step("a", "accepted"), step("", "accepted"));
      expect(await kindsOf("a")).toEqual(["accepted"]);
      expect(await call(store(), "timeline", "b")).toBeUndefined();
      expect(await call(store(), "stepsAfter", start, 10)).toHaveLength(1);
      await note(step("b", "proved"), step("b", "end", { settles: "direct" }), step("b", "late"));
      await open("b", { at: 9 });
      expect(await call(store(), "timeline", "b")).toMatchObject({ at: 9, settled: "direct" });
      expect(await kindsOf("b")).toEqual(["offered", "proved", "end"]);
      expect((await call(store(), "stepsAfter", start, 10)).map(({ kind }) => kind)).toEqual([
        "accepted",
        "offered",
        "proved",
        "end",
      ]);
    });

    test("steps that wait for a timeline go when they are as old as those that are pruned", async () => {
      await note(step("b", "offered", { at: 5 }), step("b", "proved", { at: 6 }));
      await call(store(), "pruneTimelines", 6, 10);
      await open("b", { at: 9 });
      expect(await kindsOf("b")).toEqual(["proved"]);
    });

    test("adds nothing behind the step that settles, whether it came before or comes along", async () => {
      await open("a");
      await open("b");
      const end = step("a", "end", { settles: "stored" });
      await note(end, step("a", "late"), step("b", "accepted"), { ...end, settles: "direct" });
      await note(step("a", "later"), { ...end, settles: "none" }, step("b", "offered"));
      expect(await kindsOf("a")).toEqual(["end"]);
      expect(await kindsOf("b")).toEqual(["accepted", "offered"]);
      expect((await call(store(), "timeline", "a"))?.settled).toBe("stored");
    });

    test("takes any number, also of a timeline that its batch has opened", async () => {
      const many = Array.from({ length: 333 }, (_, at) => step("a", `s${at}`));
      const replies = await store().run([
        ["openTimeline", timeline("a")],
        ["noteSteps", []],
        ["noteSteps", many],
        ["noteSteps", [step("a", "last")]],
      ]);
      expect(replies.filter((reply) => "fault" in reply)).toEqual([]);
      expect(await kindsOf("a")).toEqual([...many.map(({ kind }) => kind), "last"]);
    });

    test("a call that fails leaves no step and no outcome, and the others of its batch do", async () => {
      await open("a");
      await open("b");
      const broken = step("a", "broken", { at: Number.NaN });
      const replies = await store().run([
        ["noteSteps", [step("b", "accepted")]],
        ["noteSteps", [step("a", "end", { settles: "none" }), step("b", "offered"), { ...broken, timeline: "b" }]],
        ["openTimeline", { ...timeline("c"), at: Number.NaN }],
        ["noteSteps", [step("a", "accepted"), step("b", "proved")]],
      ]);
      expect(replies.map((reply) => "fault" in reply)).toEqual([false, true, true, false]);
      expect(await kindsOf("a")).toEqual(["accepted"]);
      expect(await kindsOf("b")).toEqual(["accepted", "proved"]);
      expect((await call(store(), "timeline", "a"))?.settled).toBeUndefined();
      expect(await idsOf()).toEqual(["b", "a"]);
      expect(await faultOf(call(store(), "noteSteps", [broken]))).toMatchObject({ kind: "failed" });
    });
  });

  describe("putFollower", () => {
    test("keeps the newest state of each follower", async () => {
      expect(await call(store(), "follower", "nobody")).toBeUndefined();
      for (const [name, state] of [
        ["a", "1"],
        ["b", "2"],
        ["a", "3"],
      ] as const)
        await call(store(), "putFollower", name, state);
      expect(await call(store(), "follower", "a")).toBe("3");
      expect(await call(store(), "follower", "b")).toBe("2");
    });
  });

  describe("stepsAfter", () => {
    test("gives steps of all timelines in the order of their commits, page by page", async () => {
      const start = await lastCursor();
      for (const id of ["a", "b"]) await open(id);
      await note(step("b", "1"), step("a", "2"));
      await note(step("a", "3", { settles: "direct" }));
      await note(step("b", "4"));
      const first = await call(store(), "stepsAfter", start, 3);
      expect(first.map(({ timeline, kind }) => `${timeline}${kind}`)).toEqual(["b1", "a2", "a3"]);
      expect(first[2]).toMatchObject({
        at: 1,
        settles: "direct",
        from: timeline("a").from,
        to: timeline("a").to,
        began: 1,
      });
      const rest = await call(store(), "stepsAfter", first[2]!.cursor, 3);
      expect(rest.map(({ timeline, kind }) => `${timeline}${kind}`)).toEqual(["b4"]);
      const cursors = [...first, ...rest].map(({ cursor }) => cursor);
      expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
      expect(new Set([start, ...cursors]).size).toBe(5);
      expect(await call(store(), "stepsAfter", cursors.at(-1)!, 3)).toEqual([]);
      const ofOne = first.slice(1).map(({ from: _, to: __, began: ___, ...step }) => step);
      expect((await call(store(), "timeline", "a"))?.steps).toEqual(ofOne);
      expect(await call(store(), "lastStep")).toBe(cursors.at(-1)!);
    });

    test("lastStep() is 0 where no step is kept", async () => {
      expect(await call(store(), "lastStep")).toBe(0);
    });

    test("never gives a cursor again that was pruned", async () => {
      const before = await lastCursor();
      await call(store(), "pruneTimelines", Number.MAX_SAFE_INTEGER, 100);
      expect(await call(store(), "stepsAfter", 0, 10)).toEqual([]);
      expect(await lastCursor()).toBeGreaterThan(before);
      expect(await call(store(), "stepsAfter", before, 10)).toHaveLength(1);
    });
  });

  describe("timelines", () => {
    const all: readonly (readonly [id: string, more: Partial<NewTimeline>])[] = [
      ["a", { at: 10 }],
      ["b", { at: 30, from: NURSE, stanza: "x" }],
      ["c", { at: 20, to: `${NURSE}/kitchen`, stanza: "x" }],
      ["d", { at: 30, from: `${ROMEO}/garden`, stanza: "y" }],
      ["e", { at: 30 }],
    ];
    const fill = async () => {
      await store().run(all.map(([id, more]): StoreCall => ["openTimeline", timeline(id, more)]));
      await note(step("a", "end", { settles: "direct" }), step("b", "end", { settles: "none" }), step("d", "accepted"));
    };

    test.each<[query: Omit<TimelineQuery, "limit">, ids: readonly string[]]>([
      [{}, ["e", "d", "b", "c", "a"]],
      [{ from: ROMEO }, ["e", "d", "c", "a"]],
      [{ from: NURSE }, ["b"]],
      [{ to: NURSE }, ["c"]],
      [{ to: JULIET, from: NURSE }, ["b"]],
      [{ from: JULIET }, []],
      [{ from: "nobody@montague.example" }, []],
      [{ to: "nobody@montague.example" }, []],
      [{ settled: "" }, ["e", "d", "c"]],
      [{ settled: "direct" }, ["a"]],
      [{ settled: "stored" }, []],
      [{ settled: "", from: ROMEO, to: JULIET }, ["e", "d"]],
      [{ settled: "none", to: JULIET }, ["b"]],
      [{ stanza: "x" }, ["b", "c"]],
      [{ stanza: "x", from: ROMEO }, ["c"]],
      [{ stanza: "x", from: ROMEO, settled: "direct" }, []],
      [{ since: 30 }, ["e", "d", "b"]],
      [{ since: 20, from: ROMEO, settled: "" }, ["e", "d", "c"]],
      [{ since: 31 }, []],
    ])("newest first, of %j", async (query: Parameters<typeof idsOf>[0], ids: readonly string[]) => {
      await fill();
      expect(await idsOf(query)).toEqual([...ids]);
      const paged: string[] = [];
      for (let after: string | undefined; ; after = paged.at(-1)) {
        const page = await idsOf({ ...query, ...(after !== undefined && { after }) }, 1);
        if (page.length === 0) break;
        paged.push(...page);
      }
      expect(paged).toEqual([...ids]);
    });

    test("come without steps, and tell their outcome", async () => {
      await fill();
      const [first] = await call(store(), "timelines", { settled: "none", limit: 1 });
      expect(first).toEqual({ ...timeline("b", { at: 30, from: NURSE, stanza: "x" }), settled: "none" });
      expect(first).not.toHaveProperty("steps");
    });

    test("beyond one that is gone there are none", async () => {
      await fill();
      expect(await idsOf({ after: "gone" })).toEqual([]);
      expect(await idsOf({ after: "" })).toEqual([]);
    });
  });

  describe("removeAccount", () => {
    test("leaves timelines of what the account has sent to its domain, and those of others alone", async () => {
      await open("sent", { from: `${ROMEO}/orchard`, key: "k", stanza: "x" });
      await open("got", { from: NURSE, to: ROMEO });
      await note(step("sent", "accepted"));
      await call(store(), "removeAccount", ROMEO);
      const domain = ROMEO.slice(ROMEO.indexOf("@") + 1);
      await note(step("sent", "end", { settles: "direct" }));
      expect(await call(store(), "timelineOfKey", "k")).toMatchObject({
        id: "sent",
        from: domain,
        to: `${JULIET}/balcony`,
        settled: "direct",
        steps: [{ kind: "accepted" }, { kind: "end" }],
      });
      await addAccounts(store(), ROMEO);
      expect(await idsOf({ from: ROMEO })).toEqual([]);
      expect(await idsOf({ from: ROMEO, stanza: "x" })).toEqual([]);
      expect(await idsOf({ from: domain })).toEqual(["sent"]);
      expect(await idsOf({ to: ROMEO })).toEqual(["got"]);
      expect(await call(store(), "timeline", "got")).toMatchObject({ from: NURSE, to: ROMEO });
      await open("again", { from: ROMEO });
      expect(await idsOf({ from: ROMEO })).toEqual(["again"]);
    });

    test("of an account that has sent nothing changes no timeline", async () => {
      await open("got", { from: NURSE, to: ROMEO });
      expect(await call(store(), "removeAccount", ROMEO)).toBe(true);
      expect(await call(store(), "timeline", "got")).toMatchObject({ from: NURSE, to: ROMEO });
    });
  });

  describe("pruneTimelines", () => {
    test("takes the oldest in portions, settled or not, with their steps and keys", async () => {
      for (const at of [1, 2, 3, 4, 5]) await open(`t${at}`, { at, key: `k${at}` });
      await note(step("t1", "end", { settles: "direct" }), step("t2", "accepted"), step("t4", "accepted"));
      const start = (await call(store(), "timeline", "t1"))!.steps[0]!.cursor - 1;
      expect(await call(store(), "pruneTimelines", 4, 2)).toBe(2);
      expect(await idsOf()).toEqual(["t5", "t4", "t3"]);
      expect(await call(store(), "pruneTimelines", 4, 2)).toBe(1);
      expect(await call(store(), "pruneTimelines", 4, 2)).toBe(0);
      expect(await idsOf()).toEqual(["t5", "t4"]);
      expect((await call(store(), "stepsAfter", start, 10)).map(({ timeline }) => timeline)).toEqual(["t4"]);
      expect(await call(store(), "timelineOfKey", "k1")).toBeUndefined();
      await note(step("t2", "late"));
      expect(await open("new", { key: "k1" })).toBeUndefined();
    });

    test("a new timeline under an old id has none of its steps", async () => {
      await open("a");
      await note(step("a", "end", { settles: "none" }));
      await call(store(), "pruneTimelines", 2, 10);
      await open("a", { at: 5 });
      expect(await call(store(), "timeline", "a")).toEqual({
        ...timeline("a", { at: 5 }),
        settled: undefined,
        steps: [],
      });
    });
  });
}

function timeline(id: string, more: Partial<NewTimeline> = {}): NewTimeline {
  return { id, from: ROMEO, to: `${JULIET}/balcony`, at: 1, ...more };
}

function step(timeline: string, kind: string, more: Partial<NewStep> = {}): NewStep {
  return { timeline, kind, at: 1, ...more };
}
