import type { MemoryKey, ModuleMemory } from "./module.ts";

/** The slots of one owner (the server, or an active account). They go with it: nothing in them is durable. */
export function createMemory(): ModuleMemory {
  const slots = new Map<MemoryKey<unknown>, unknown>();
  return {
    get<T>(key: MemoryKey<T>): T {
      if (!slots.has(key)) slots.set(key, key.make());
      return slots.get(key) as T;
    },
  };
}
