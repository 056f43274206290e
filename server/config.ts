/** The configuration: a TOML file, then the environment, checked against the table of settings. @module */
import { parse, stringify, TomlError } from "smol-toml";
import * as v from "valibot";
import { modules as ownModules } from "../modules/mod.ts";
import type { ServerModule } from "../modules/module.ts";
import type { Setting, SettingValue } from "../modules/setting.ts";
import { ConfigError, type ConfigProblem, isSecret } from "./config_error.ts";
import { type ConfigRows, camel, configRows, PREFIX, variableOf } from "./config_rows.ts";
import { SETTINGS } from "./config_table.ts";
import { nearestName } from "./nearest_name.ts";

type Table = typeof SETTINGS;
type Key = keyof Table & string;

type Camel<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Text;
type GroupOf<K> = K extends `${infer Group}.${string}` ? Group : never;

/** All settings but those of modules, nested and in camelCase: `config.http.port`, `config.auth.plainWithoutTls`. */
export type Settings = {
  readonly [K in Key as K extends `${string}.${string}` ? never : Camel<K>]: SettingValue<Table[K]>;
} & {
  readonly [Group in GroupOf<Key>]: {
    readonly [K in Key as K extends `${Group}.${infer Name}` ? Camel<Name> : never]: SettingValue<Table[K]>;
  };
};

export type Config = Settings & {
  /** The value of a setting that a module declares. Throws when no module declares it. */
  of<Value>(setting: Setting<Value>): Value;
};

/** Some settings, in the shape of Config; the others have their defaults. */
export type ConfigOptions = {
  readonly [K in keyof Settings]?:
    | (Settings[K] extends string | readonly unknown[] ? Settings[K] : Partial<Settings[K]>)
    | undefined;
};

/** Settings of modules, in camelCase under the module's name: `{ greeting: { longWord: "Good day" } }`. */
export type ModuleOptions = Readonly<Record<string, unknown>>;

export interface ConfigSources {
  /** The text of the TOML file. */
  readonly file?: string | undefined;
  /** Environment variables; those that begin with AMPACT_ count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Set in code; overrides the environment, which overrides the file. */
  readonly options?: ConfigOptions | ModuleOptions | undefined;
  /** The modules whose settings exist; those of ampact unless given. */
  readonly modules?: readonly ServerModule[] | undefined;
}

/** Names the configuration file, `ampact.toml` unless set; the one AMPACT_ variable that is not a setting. */
export const CONFIG_FILE_VARIABLE = "AMPACT_CONFIG";
export const DEFAULT_CONFIG_FILE = "ampact.toml";

/** A value as it was given, with its name. */
interface Given {
  readonly name: string;
  readonly value: unknown;
}

/** Throws ConfigError, with every problem found, on text that is not TOML, an unknown key or a bad value. */
export function loadConfig({ file, env, options, modules = ownModules }: ConfigSources): Config {
  const rows = configRows(modules);
  const problems: ConfigProblem[] = [];
  const given = readGiven({ file, env, options }, rows, problems);
  const values = check(given, rows, problems);
  if (given.has("tls.cert") !== given.has("tls.key")) {
    const name = given.has("tls.cert") ? "tls.key" : "tls.cert";
    problems.push({ name, value: undefined, expected: "both tls.cert and tls.key, or neither" });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const read = withDefaults(values, rows);
  return { ...nest(read), of: valuesOf(read, rows) };
}

/** Each setting as it was given, last of all by the environment, as TOML with its origin; the others as comments. Secrets are hidden. */
export function printConfig({ file, env, modules = ownModules }: ConfigSources): readonly string[] {
  const rows = configRows(modules);
  const given = readGiven({ file, env }, rows, []);
  return [...rows.settings].map(([key, setting]) => {
    const found = given.get(key);
    if (found === undefined) return `# ${key}: ${setting.fallbackText} (default)`;
    const origin = found.name === key ? "the file" : found.name;
    if (isSecret(key, found.value)) return `# ${key}: a value that is not shown (${origin})`;
    return `${key} = ${tomlValue(found.value)} # ${origin}`;
  });
}

/** On one line. */
function tomlValue(value: unknown): string {
  return stringify({ value })
    .replace(/^value = /, "")
    .trimEnd();
}

function readGiven(
  { file, env, options }: Omit<ConfigSources, "modules">,
  rows: ConfigRows,
  problems: ConfigProblem[],
): ReadonlyMap<string, Given> {
  return new Map<string, Given>([
    ...fromFile(file ?? "", rows, problems),
    ...fromEnvironment(env, rows),
    ...fromOptions(options ?? {}, rows, problems),
  ]);
}

/** The settings, one paragraph each, with environment variable and default: the listing of `--help`. */
export function describeConfig(modules = ownModules): string {
  return [...configRows(modules).settings]
    .map(
      ([key, setting]) =>
        `  ${key.padEnd(42)} ${variableOf(key)}\n      ${setting.about}\n      default: ${setting.fallbackText}`,
    )
    .join("\n");
}

function fromFile(text: string, rows: ConfigRows, problems: ConfigProblem[]): [string, Given][] {
  const given: [string, Given][] = [];
  for (const [name, value] of flatten(parseToml(text), rows.settings)) {
    if (rows.settings.has(name)) given.push([name, { name, value }]);
    else problems.push({ name, value, expected: `a known key: ${keysNear(name, rows)}${meantBy(name, rows)}` });
  }
  return given;
}

/** `path`: of the file, for the fault. Throws ConfigError on text that is not TOML. */
export function parseToml(text: string, path?: string): object {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const place = `${path === undefined ? "" : `${path}, `}line ${error.line}, column ${error.column}`;
    throw new ConfigError([{ name: place, value: error.message.split("\n")[0], expected: "TOML" }]);
  }
}

function fromEnvironment(env: ConfigSources["env"], { keyOfVariable, settings }: ConfigRows): [string, Given][] {
  const given: [string, Given][] = [];
  for (const [name, text] of Object.entries(env)) {
    const key = keyOfVariable.get(name);
    if (key !== undefined && text !== undefined) given.push([key, { name, value: settings.get(key)!.fromText(text) }]);
  }
  return given;
}

/** Unknown variables with the prefix of settings, each with the setting that may be meant. No error: the environment may hold variables of others. */
export function unknownVariables(
  env: ConfigSources["env"],
  modules = ownModules,
): { readonly name: string; readonly meant?: string }[] {
  const { keyOfVariable } = configRows(modules);
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && name !== CONFIG_FILE_VARIABLE && !keyOfVariable.has(name))
    .map((name) => {
      const meant = nearestName(name, keyOfVariable.keys());
      return meant === undefined ? { name } : { name, meant };
    });
}

function fromOptions(options: object, { keyOfOption }: ConfigRows, problems: ConfigProblem[]): [string, Given][] {
  const given: [string, Given][] = [];
  for (const [name, value] of flatten(options, keyOfOption)) {
    if (value === undefined) continue;
    const key = keyOfOption.get(name);
    if (key !== undefined) given.push([key, { name, value }]);
    else problems.push({ name, value, expected: "a known option" });
  }
  return given;
}

/** `{ a: { b: 1 } }` to `["a.b", 1]`; a list is a value, and so is the table of a known setting. */
function flatten(table: object, known: ReadonlyMap<string, unknown>, prefix = ""): [string, unknown][] {
  return Object.entries(table).flatMap(([part, value]): [string, unknown][] => {
    const name = prefix + part;
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
    return !isTable || known.has(name) ? [[name, value]] : flatten(value, known, `${name}.`);
  });
}

function check(
  given: ReadonlyMap<string, Given>,
  { settings }: ConfigRows,
  problems: ConfigProblem[],
): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [key, { name, value }] of given) {
    const setting = settings.get(key)!;
    const result = v.safeParse(setting.schema, value);
    if (result.success) values.set(key, result.output);
    else problems.push({ name, value, expected: setting.expected });
  }
  return values;
}

function withDefaults(values: ReadonlyMap<string, unknown>, { settings }: ConfigRows): (key: string) => unknown {
  const read = (key: string): unknown => {
    if (values.has(key)) return values.get(key);
    const setting = settings.get(key)!;
    const bench = setting.bench !== undefined && read("limits.profile") === "bench";
    return bench ? setting.bench : setting.fallback(read);
  };
  return read;
}

function nest(read: (key: string) => unknown): Settings {
  const config: Record<string, unknown> = {};
  for (const key of Object.keys(SETTINGS)) {
    const [group = "", name] = camel(key).split(".");
    if (name === undefined) config[group] = read(key);
    else config[group] = { ...(config[group] as object | undefined), [name]: read(key) };
  }
  // The loop follows the table from which the type derives.
  return config as unknown as Settings;
}

function valuesOf(read: (key: string) => unknown, { settings }: ConfigRows): Config["of"] {
  const values = new Map([...settings].map(([key, setting]) => [setting, read(key)]));
  return <Value>(setting: Setting<Value>): Value => {
    if (!values.has(setting)) throw new Error(`Cannot read a setting (${setting.about}): no module declares it`);
    return values.get(setting) as Value;
  };
}

function meantBy(name: string, { settings }: ConfigRows): string {
  const meant = nearestName(name, settings.keys());
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}

function keysNear(name: string, { settings }: ConfigRows): string {
  const group = name.split(".")[0] ?? "";
  const keys = [...settings.keys()];
  const near = keys.filter((key) => key.startsWith(`${group}.`));
  return (near.length > 0 ? near : keys).join(", ");
}
