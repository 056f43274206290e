/** The configuration: a TOML file, then the environment, checked against the table of settings. @module */
import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { ConfigError, type ConfigProblem } from "./config_error.ts";
import type { Setting, SettingValue } from "./config_setting.ts";
import { SETTINGS } from "./config_table.ts";

type Table = typeof SETTINGS;
type Key = keyof Table & string;

type Camel<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Text;
type GroupOf<K> = K extends `${infer Group}.${string}` ? Group : never;

/** All settings, nested and in camelCase: `config.http.port`, `config.auth.plainWithoutTls`. */
export type Config = {
  readonly [K in Key as K extends `${string}.${string}` ? never : Camel<K>]: SettingValue<Table[K]>;
} & {
  readonly [Group in GroupOf<Key>]: {
    readonly [K in Key as K extends `${Group}.${infer Name}` ? Camel<Name> : never]: SettingValue<Table[K]>;
  };
};

/** Some settings, in the shape of Config; what is left out has its default. */
export type ConfigOptions = {
  readonly [K in keyof Config]?:
    | (Config[K] extends string | readonly unknown[] ? Config[K] : Partial<Config[K]>)
    | undefined;
};

export interface ConfigSources {
  /** The text of the TOML file. */
  readonly file?: string | undefined;
  /** Environment variables; those that begin with AMPACT_ count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Set in code; goes before the environment, which goes before the file. */
  readonly options?: ConfigOptions | undefined;
}

/** Names the configuration file, `ampact.toml` unless set; the one AMPACT_ variable that is not a setting. */
export const CONFIG_FILE_VARIABLE = "AMPACT_CONFIG";
export const DEFAULT_CONFIG_FILE = "ampact.toml";

const PREFIX = "AMPACT_";
const KEYS = Object.keys(SETTINGS) as Key[];
const KEY_OF_VARIABLE: ReadonlyMap<string, Key> = new Map(KEYS.map((key) => [variableOf(key), key]));
const KEY_OF_OPTION: ReadonlyMap<string, Key> = new Map(KEYS.map((key) => [camel(key), key]));

/** A value as it was given, and under which name. */
interface Given {
  readonly name: string;
  readonly value: unknown;
}

/** Throws ConfigError, with every problem found, on text that is not TOML, an unknown key or a bad value. */
export function loadConfig({ file, env, options }: ConfigSources): Config {
  const problems: ConfigProblem[] = [];
  const given = new Map<Key, Given>([
    ...fromFile(file ?? "", problems),
    ...fromEnvironment(env),
    ...fromOptions(options ?? {}, problems),
  ]);
  const values = check(given, problems);
  if (given.has("tls.cert") !== given.has("tls.key")) {
    const name = given.has("tls.cert") ? "tls.key" : "tls.cert";
    problems.push({ name, value: undefined, expected: "both tls.cert and tls.key, or neither" });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return nest(withDefaults(values));
}

/** The settings, one paragraph each, with environment variable and default: the listing of `--help`. */
export function describeConfig(): string {
  return KEYS.map((key) => {
    const setting: Setting = SETTINGS[key];
    return `  ${key.padEnd(42)} ${variableOf(key)}\n      ${setting.about}\n      default: ${setting.fallbackText}`;
  }).join("\n");
}

function fromFile(text: string, problems: ConfigProblem[]): [Key, Given][] {
  const given: [Key, Given][] = [];
  for (const [name, value] of flatten(parseToml(text))) {
    if (isKey(name)) given.push([name, { name, value }]);
    else problems.push({ name, value, expected: `a known key: ${keysNear(name)}` });
  }
  return given;
}

function parseToml(text: string): object {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const place = `line ${error.line}, column ${error.column}`;
    throw new ConfigError([{ name: place, value: error.message.split("\n")[0], expected: "TOML" }]);
  }
}

function fromEnvironment(env: ConfigSources["env"]): [Key, Given][] {
  const given: [Key, Given][] = [];
  for (const [name, text] of Object.entries(env)) {
    const key = KEY_OF_VARIABLE.get(name);
    if (key !== undefined && text !== undefined) given.push([key, { name, value: SETTINGS[key].fromText(text) }]);
  }
  return given;
}

/** Variables that look like settings and are none, each with those that are like it. What starts the server may set some for others. */
export function unknownVariables(env: ConfigSources["env"]): { readonly name: string; readonly known: string }[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && name !== CONFIG_FILE_VARIABLE && !KEY_OF_VARIABLE.has(name))
    .map((name) => ({ name, known: variablesNear(name) }));
}

function fromOptions(options: ConfigOptions, problems: ConfigProblem[]): [Key, Given][] {
  const given: [Key, Given][] = [];
  for (const [name, value] of flatten(options)) {
    if (value === undefined) continue;
    const key = KEY_OF_OPTION.get(name);
    if (key !== undefined) given.push([key, { name, value }]);
    else problems.push({ name, value, expected: "a known option" });
  }
  return given;
}

/** `{ a: { b: 1 } }` to `["a.b", 1]`; a list is a value, and so is the table of a key. */
function flatten(table: object): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] => {
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (!isTable || isKey(key)) return [[key, value]];
    return flatten(value).map(([name, inner]) => [`${key}.${name}`, inner]);
  });
}

function check(given: ReadonlyMap<Key, Given>, problems: ConfigProblem[]): Map<Key, unknown> {
  const values = new Map<Key, unknown>();
  for (const [key, { name, value }] of given) {
    const setting: Setting = SETTINGS[key];
    const result = v.safeParse(setting.schema, value);
    if (result.success) values.set(key, result.output);
    else problems.push({ name, value, expected: setting.expected });
  }
  return values;
}

function withDefaults(values: ReadonlyMap<Key, unknown>): (key: Key) => unknown {
  const read = (key: Key): unknown => {
    if (values.has(key)) return values.get(key);
    const setting: Setting = SETTINGS[key];
    const bench = setting.bench !== undefined && read("limits.profile") === "bench";
    return bench ? setting.bench : setting.fallback((other) => read(other as Key));
  };
  return read;
}

function nest(read: (key: Key) => unknown): Config {
  const config: Record<string, unknown> = {};
  for (const key of KEYS) {
    const [group = "", name] = camel(key).split(".");
    if (name === undefined) config[group] = read(key);
    else config[group] = { ...(config[group] as object | undefined), [name]: read(key) };
  }
  // The loop follows the table from which the type derives.
  return config as unknown as Config;
}

function keysNear(name: string): string {
  const group = name.split(".")[0] ?? "";
  const near = KEYS.filter((key) => key.startsWith(`${group}.`));
  return (near.length > 0 ? near : KEYS).join(", ");
}

function variablesNear(name: string): string {
  const group = name.slice(PREFIX.length).split("_")[0] ?? "";
  const near = [...KEY_OF_VARIABLE.keys()].filter((variable) => variable.startsWith(`${PREFIX}${group}_`));
  return (near.length > 0 ? near : [...KEY_OF_VARIABLE.keys()]).join(", ");
}

function isKey(name: string): name is Key {
  return Object.hasOwn(SETTINGS, name);
}

function variableOf(key: string): string {
  return PREFIX + key.replaceAll(".", "_").toUpperCase();
}

function camel(key: string): string {
  return key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
