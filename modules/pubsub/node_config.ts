/** The configuration of a node: its fields, their reader and their writer. XEP-0060 sections 8.2 and 16.4.4. @module */
import type { FormField, FormValues } from "../forms/data_form.ts";

export interface NodeConfig {
  readonly title: string;
  readonly description: string;
  /** Namespace of the payload. */
  readonly type: string;
  readonly accessModel: "open" | "presence" | "roster" | "whitelist";
  readonly rosterGroups: readonly string[];
  readonly persistItems: boolean;
  readonly maxItems: number | "max";
  readonly sendLast: "never" | "on_sub" | "on_sub_and_presence";
  readonly deliverPayloads: boolean;
  readonly notifyRetract: boolean;
  readonly notifyDelete: boolean;
  readonly notifyConfig: boolean;
  readonly notificationType: "normal" | "headline";
}

/** XEP-0163 section 5; one item, as most formats for PEP need. */
export const PEP_DEFAULTS: NodeConfig = {
  title: "",
  description: "",
  type: "",
  accessModel: "presence",
  rosterGroups: [],
  persistItems: true,
  maxItems: 1,
  sendLast: "on_sub_and_presence",
  deliverPayloads: true,
  notifyRetract: true,
  notifyDelete: true,
  notifyConfig: false,
  notificationType: "headline",
};

/** What `max` stands for. */
export const MAX_ITEMS = 1000;

export function itemLimit(config: NodeConfig): number {
  return config.maxItems === "max" ? MAX_ITEMS : config.maxItems;
}

interface Field {
  readonly type: string;
  readonly options?: readonly string[];
  /** Undefined where the value is not allowed. */
  read(values: readonly string[]): Partial<NodeConfig> | undefined;
  write(config: NodeConfig): readonly string[];
}

type KeysOf<T> = { [K in keyof NodeConfig]: NodeConfig[K] extends T ? K : never }[keyof NodeConfig];

function text(key: KeysOf<string>): Field {
  return {
    type: "text-single",
    read: (values) => ({ [key]: (values[0] ?? "").slice(0, 1000) }),
    write: (config) => [config[key]],
  };
}

function flag(key: KeysOf<boolean>): Field {
  return {
    type: "boolean",
    read: ([value]) => {
      if (value === "1" || value === "true") return { [key]: true };
      return value === "0" || value === "false" ? { [key]: false } : undefined;
    },
    write: (config) => [config[key] ? "1" : "0"],
  };
}

function choice(key: KeysOf<string>, options: readonly string[]): Field {
  return {
    type: "list-single",
    options,
    read: ([value]) => (value !== undefined && options.includes(value) ? { [key]: value } : undefined),
    write: (config) => [config[key]],
  };
}

const FIELDS: Readonly<Record<string, Field>> = {
  "pubsub#title": text("title"),
  "pubsub#description": text("description"),
  "pubsub#type": text("type"),
  "pubsub#access_model": choice("accessModel", ["open", "presence", "roster", "whitelist"]),
  "pubsub#roster_groups_allowed": {
    type: "list-multi",
    read: (values) => ({ rosterGroups: values }),
    write: (config) => config.rosterGroups,
  },
  // Only the owner and appointed publishers may publish on an account.
  "pubsub#publish_model": {
    type: "list-single",
    options: ["publishers"],
    read: ([value]) => (value === "publishers" ? {} : undefined),
    write: () => ["publishers"],
  },
  "pubsub#persist_items": flag("persistItems"),
  "pubsub#max_items": {
    type: "text-single",
    read: ([value = ""]) => {
      if (value === "max") return { maxItems: "max" };
      return /^[1-9]\d{0,9}$/.test(value) ? { maxItems: Math.min(Number(value), MAX_ITEMS) } : undefined;
    },
    write: (config) => [String(config.maxItems)],
  },
  "pubsub#send_last_published_item": choice("sendLast", ["never", "on_sub", "on_sub_and_presence"]),
  "pubsub#deliver_payloads": flag("deliverPayloads"),
  "pubsub#notify_retract": flag("notifyRetract"),
  "pubsub#notify_delete": flag("notifyDelete"),
  "pubsub#notify_config": flag("notifyConfig"),
  "pubsub#notification_type": choice("notificationType", ["normal", "headline"]),
};

/** Applies a submitted form; undefined where a value is not allowed. Fields of other services are ignored. */
export function applyConfig(values: FormValues, base: NodeConfig): NodeConfig | undefined {
  let config = base;
  for (const [name, given] of values) {
    if (!Object.hasOwn(FIELDS, name)) continue;
    const change = FIELDS[name]!.read(given);
    if (change === undefined) return undefined;
    config = { ...config, ...change };
  }
  return config;
}

/** Section 7.1.5: every field of publish-options must be known. */
export function hasUnknownField(values: FormValues): boolean {
  return [...values.keys()].some((name) => !Object.hasOwn(FIELDS, name));
}

export function isSameConfig(a: NodeConfig, b: NodeConfig): boolean {
  return Object.values(FIELDS).every((field) => field.write(a).join("\n") === field.write(b).join("\n"));
}

/** The fields of a configuration form. */
export function configFields(config: NodeConfig): readonly FormField[] {
  return Object.entries(FIELDS).map(([name, { type, options, write }]) => ({
    name,
    type,
    values: write(config),
    ...(options && { options }),
  }));
}
