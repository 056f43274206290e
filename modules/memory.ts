import type { MemoryKey, ModuleMemory } from "./module.ts";

/** The slots of one owner (the server, or an active account). They end with the owner; nothing in them is durable. */
export function createMemory(): ModuleMemory {
  return new Memory();
}

class Memory implements ModuleMemory {
  readonly #slots = new Map<MemoryKey<unknown>, unknown>();

  get<T>(key: MemoryKey<T>): T {
    if (!this.#slots.has(key)) this.#slots.set(key, key.make());
    return this.#slots.get(key) as T;
  }
}
