import type { MemoryKey, ModuleMemory } from "./module.ts";

/** The slots of one owner (the server, or an active account). They end with the owner; nothing in them is durable. */
export function createMemory(): ModuleMemory {
  return new Memory();
}

/** Most accounts have one slot, for which a map would be large; the map is made for the second. */
class Memory implements ModuleMemory {
  #key: MemoryKey<unknown> | undefined;
  #value: unknown;
  #more: Map<MemoryKey<unknown>, unknown> | undefined;

  get<T>(key: MemoryKey<T>): T {
    if (this.#key === key) return this.#value as T;
    if (this.#more?.has(key)) return this.#more.get(key) as T;
    const value = key.make();
    this.#keep(key, value);
    return value;
  }

  #keep(key: MemoryKey<unknown>, value: unknown): void {
    if (this.#key === undefined) {
      this.#key = key;
      this.#value = value;
      return;
    }
    this.#more ??= new Map();
    this.#more.set(key, value);
  }
}
