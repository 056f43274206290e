import { describe, expect, test } from "bun:test";
import { WorkLimit, WorkLimitError } from "../../xmpp/work_limit.ts";

/** Pieces of work that end when told. */
class Bench {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<string>>();

  readonly work = (name: string) => () => {
    this.begun.push(name);
    const end = Promise.withResolvers<string>();
    this.#ends.set(name, end);
    return end.promise;
  };

  end(name: string, error?: Error): void {
    if (error === undefined) this.#ends.get(name)!.resolve(name);
    else this.#ends.get(name)!.reject(error);
  }
}

describe("WorkLimit", () => {
  test("runs so many at a time, the others in the order in which they came", async () => {
    const bench = new Bench();
    const limit = new WorkLimit(2, 10);
    const results = ["a", "b", "c", "d"].map((name) => limit.run(bench.work(name)));
    expect(bench.begun).toEqual(["a", "b"]);
    bench.end("b");
    expect(await results[1]).toBe("b");
    expect(bench.begun).toEqual(["a", "b", "c"]);
    bench.end("c");
    await results[2];
    expect(bench.begun).toEqual(["a", "b", "c", "d"]);
    bench.end("a");
    bench.end("d");
    expect(await Promise.all(results)).toEqual(["a", "b", "c", "d"]);
  });

  test("goes on after work that failed", async () => {
    const bench = new Bench();
    const limit = new WorkLimit(1, 1);
    const first = limit.run(bench.work("a"));
    const second = limit.run(bench.work("b"));
    bench.end("a", new Error("no"));
    expect(first).rejects.toThrow("no");
    await first.catch(() => {});
    expect(bench.begun).toEqual(["a", "b"]);
    bench.end("b");
    expect(await second).toBe("b");
    const third = limit.run(bench.work("c"));
    expect(bench.begun).toEqual(["a", "b", "c"]);
    bench.end("c");
    expect(await third).toBe("c");
  });

  test("refuses what the queue has no room for", async () => {
    const bench = new Bench();
    const limit = new WorkLimit(1, 1);
    const [first, second] = [limit.run(bench.work("a")), limit.run(bench.work("b"))];
    expect(limit.run(bench.work("c"))).rejects.toBeInstanceOf(WorkLimitError);
    bench.end("a");
    await first;
    bench.end("b");
    expect(await second).toBe("b");
    expect(bench.begun).toEqual(["a", "b"]);
  });
});
