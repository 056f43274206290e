import { describe, expect, test } from "bun:test";
import { createMemory } from "../../modules/memory.ts";
import type { MemoryKey } from "../../modules/module.ts";

function counting(name: string): { readonly key: MemoryKey<{ readonly of: string }>; made(): number } {
  let made = 0;
  const make = () => {
    made += 1;
    return { of: name };
  };
  return { key: { name, make }, made: () => made };
}

describe("createMemory()", () => {
  test("makes each slot once, at its first use", () => {
    const memory = createMemory();
    const slots = ["a", "b", "c"].map(counting);
    expect(slots.map(({ made }) => made())).toEqual([0, 0, 0]);
    const first = slots.map(({ key }) => memory.get(key));
    expect(first.map(({ of }) => of)).toEqual(["a", "b", "c"]);
    const again = slots.map(({ key }) => memory.get(key));
    expect(again.every((slot, at) => slot === first[at])).toBe(true);
    expect(slots.map(({ made }) => made())).toEqual([1, 1, 1]);
  });

  test.each([[undefined], [0], [""]])("keeps a slot that holds %p", (value) => {
    const memory = createMemory();
    const other = counting("other");
    let made = 0;
    const make = () => {
      made += 1;
      return value;
    };
    const keys: MemoryKey<unknown>[] = [{ name: "first", make }, other.key, { name: "third", make }];
    for (const key of [...keys, ...keys]) memory.get(key);
    expect(made).toBe(2);
    expect(memory.get(keys[0]!)).toBe(value);
  });

  test("tells keys apart by themselves, not by their names, and owners have slots of their own", () => {
    const [one, two] = [counting("same"), counting("same")];
    const memory = createMemory();
    expect(memory.get(one.key)).not.toBe(memory.get(two.key));
    expect(createMemory().get(one.key)).not.toBe(memory.get(one.key));
  });

  test("takes a slot whose making asks for another", () => {
    const memory = createMemory();
    const inner = counting("inner");
    const outer: MemoryKey<{ readonly of: string }[]> = { name: "outer", make: () => [memory.get(inner.key)] };
    expect(memory.get(outer)[0]).toBe(memory.get(inner.key));
    expect(memory.get(outer)).toBe(memory.get(outer));
    expect(inner.made()).toBe(1);
  });
});
