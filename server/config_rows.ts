/** The rows of the configuration: those of ampact, and those that modules declare. @module */
import type { ServerModule } from "../modules/module.ts";
import type { Setting } from "../modules/setting.ts";
import { SETTINGS } from "./config_table.ts";

export interface ConfigRows {
  /** By key, as the file has it. */
  readonly settings: ReadonlyMap<string, Setting>;
  readonly keyOfVariable: ReadonlyMap<string, string>;
  /** By the name in code, in camelCase. */
  readonly keyOfOption: ReadonlyMap<string, string>;
}

export const PREFIX = "AMPACT_";

/** Throws when a module declares an existing key. */
export function configRows(modules: readonly ServerModule[]): ConfigRows {
  const settings = new Map<string, Setting>(Object.entries(SETTINGS));
  for (const module of modules) {
    for (const [name, setting] of Object.entries(module.settings ?? {})) {
      const key = name === "" ? module.name : `${module.name}.${name}`;
      if (settings.has(key)) throw new Error(`Cannot start module ${module.name}: there is a setting ${key} already`);
      settings.set(key, setting);
    }
  }
  const keys = [...settings.keys()];
  return {
    settings,
    keyOfVariable: new Map(keys.map((key) => [variableOf(key), key])),
    keyOfOption: new Map(keys.map((key) => [camel(key), key])),
  };
}

export function variableOf(key: string): string {
  return PREFIX + key.replaceAll(".", "_").toUpperCase();
}

export function camel(key: string): string {
  return key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
