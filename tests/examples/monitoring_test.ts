import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { EMPTY } from "../../actors/census.ts";
import { Histogram } from "../../actors/histogram.ts";
import { Meters } from "../../actors/meters.ts";
import { FAMILIES } from "../../server/metrics/families.ts";
import { prometheusText } from "../../server/metrics/prometheus_text.ts";
import { ObjectiveWatch } from "../../server/objectives/objective_watch.ts";
import { parseExposition } from "../server/metrics/exposition.ts";

const FOLDER = "examples/monitoring";
const read = (name: string) => readFile(`${FOLDER}/${name}`, "utf8");

/** Every name that a scrape can hold, with its labels. */
function served(): Map<string, Set<string>> {
  const meters = new Meters();
  meters.loggedIn("PLAIN", "success");
  const waiting = { messages: 0, oldest: undefined, due: 0 };
  const watch = new ObjectiveWatch({ match: "example.org", proved_within: "5 s", share: 0.99 });
  const figures = {
    meters,
    census: EMPTY,
    waiting,
    loopDelay: new Histogram([1]),
    isReady: true,
    objectives: [watch.read(0)],
    residentBytes: 0,
    now: 0,
  };
  const names = new Map<string, Set<string>>();
  for (const key of parseExposition(prometheusText(FAMILIES, figures)).samples.keys()) {
    const [name = "", labels = ""] = key.split("{");
    const known = names.get(name) ?? new Set(["instance", "job"]);
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!);
    names.set(name, known);
  }
  return names;
}

const EXPRESSIONS: readonly (readonly [file: string, read: () => Promise<string[]>])[] = [
  [
    "grafana_dashboard.json",
    async () => {
      const board = JSON.parse(await read("grafana_dashboard.json"));
      const targets = board.panels.flatMap(({ targets }: { targets: { expr: string }[] }) => targets);
      return [...targets.map(({ expr }: { expr: string }) => expr), board.templating.list[1].query.query];
    },
  ],
  [
    "prometheus_rules.yml",
    async () => {
      const { groups } = Bun.YAML.parse(await read("prometheus_rules.yml")) as {
        groups: { rules: { expr: string }[] }[];
      };
      return groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
    },
  ],
];

test.each(EXPRESSIONS)("%s uses metrics and labels that /metrics serves", async (_, expressionsOf) => {
  const names = served();
  const expressions = await expressionsOf();
  expect(expressions.length).toBeGreaterThan(5);
  for (const expression of expressions) {
    const used = [...expression.matchAll(/\bampact_\w+/g)].map(([name]) => name);
    expect([expression, used.filter((name) => !names.has(name))]).toEqual([expression, []]);
    const labels = [...expression.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label]) => label!);
    const by = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(", "));
    const known = used.length === 0 ? new Set(["job"]) : names.get(used[0]!)!;
    expect([expression, [...labels, ...by].filter((label) => !known.has(label))]).toEqual([expression, []]);
  }
});

test("the dashboard shows every metric", async () => {
  const board = await read("grafana_dashboard.json");
  expect(FAMILIES.filter(({ name }) => !board.includes(name)).map(({ name }) => name)).toEqual([]);
});
