import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CASES } from "../../bench/cases/mod.ts";
import { frame, PONG, TEXT } from "../../bench/load/frame.ts";
import { quantiles } from "../../bench/load/quantiles.ts";
import { FrameStanzaReader, type StanzaReader, StreamStanzaReader } from "../../bench/load/stanza_reader.ts";
import { PICTURES, parseOptions, UsageError } from "../../bench/options.ts";
import { readPs, readStat, usageOf } from "../../bench/process_usage.ts";
import { Progress } from "../../bench/progress.ts";
import { median, ratioOf } from "../../bench/result.ts";
import { svgChart } from "../../bench/svg_chart.ts";
import { shown, table } from "../../bench/table.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";

const PROJECT = join(import.meta.dir, "../..");

/** Unmasked, as a server writes it. */
function serverFrame(opcode: number, text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);
  return Buffer.concat([Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff]), payload]);
}

/** Gives the bytes in pieces of `size` and returns the elements that came out. */
function read(reader: StanzaReader, bytes: Buffer, size: number): string[] {
  const elements: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    reader.push(bytes.subarray(at, at + size), (chunk, start, end) =>
      elements.push(chunk.toString("utf8", start, end)),
    );
  }
  return elements;
}

const PIECES = [1, 2, 3, 7, 64, 100_000];

describe("StreamStanzaReader", () => {
  const elements = [
    '<?xml version="1.0"?>',
    '<stream:stream xmlns:stream="s" xmlns="jabber:client">',
    "<stream:features><a/><b>c</b></stream:features>",
    '<message id="1"><body>one &lt; two</body></message>',
    "<presence/>",
    '<iq type="result"/>',
    '<iq type="get" id="x"><ping xmlns="urn:xmpp:ping"/></iq>',
    "</stream:stream>",
  ];

  test.each(PIECES)("finds every element in pieces of %d bytes", (size) => {
    expect(read(new StreamStanzaReader(), Buffer.from(elements.join("\n")), size)).toEqual(elements);
  });
});

describe("FrameStanzaReader", () => {
  const texts = ["<a/>", `<message>${"x".repeat(300)}</message>`, "<presence/>"];

  test.each(PIECES)("finds every frame in pieces of %d bytes, and tells of pings", (size) => {
    const pings: string[] = [];
    const reader = new FrameStanzaReader((payload) => pings.push(payload.toString()));
    const frames = [
      serverFrame(TEXT, texts[0]!),
      serverFrame(9, "7"),
      ...texts.slice(1).map((text) => serverFrame(TEXT, text)),
    ];
    expect(read(reader, Buffer.concat(frames), size)).toEqual(texts);
    expect(pings).toEqual(["7"]);
  });
});

describe("frame()", () => {
  test.each([0, 125, 126, 65_535])("writes a masked frame of %d bytes whose payload is its end", (length) => {
    const payload = Buffer.alloc(length, "x");
    const bytes = frame(TEXT, payload);
    const head = length < 126 ? 2 : 4;
    expect(bytes.length).toBe(head + 4 + length);
    expect(bytes[0]).toBe(0x81);
    expect(bytes[1]! & 0x80).toBe(0x80);
    expect(length < 126 ? bytes[1]! & 0x7f : bytes.readUInt16BE(2)).toBe(length);
    expect(bytes.subarray(head + 4).equals(payload)).toBe(true);
  });

  test("refuses what needs a longer head", () => {
    expect(() => frame(PONG, Buffer.alloc(65_536))).toThrow(RangeError);
  });
});

describe("parseOptions()", () => {
  const parse = (...args: string[]) => parseOptions(args, ["chat-ws", "memory"], "/tmp");

  test("runs everything, with pictures in the documentation", () => {
    expect(parse()).toEqual({ quick: false, help: false, only: [], json: undefined, out: PICTURES });
  });

  test("leaves the pictures of a quick run elsewhere", () => {
    expect(parse("--quick").out).toBe(join("/tmp", "ampact-performance"));
    expect(parse("--quick", "--out", "here").out).toBe("here");
  });

  test("reads cases and a file", () => {
    expect(parse("--only", "memory,chat-ws", "--json", "a.json")).toMatchObject({
      only: ["memory", "chat-ws"],
      json: "a.json",
    });
  });

  test.each([[["--fast"]], [["--only"]], [["--only", "none"]], [["--json", "--quick"]]])("refuses %p", (args) => {
    expect(() => parse(...args)).toThrow(UsageError);
  });
});

describe("usage of a process", () => {
  test("readStat() reads /proc/PID/stat of a program whose name holds spaces and brackets", () => {
    const fields = Array.from({ length: 50 }, (_, at) => String(at + 3));
    expect(readStat(`12 (a ) b) ${fields.join(" ")}`)).toEqual({ ticks: 14 + 15, pages: 24 });
  });

  test.each([
    ["  0:01.25  2048", 1.25],
    ["12:03,50 2048", 723.5],
    ["01:02:03 2048", 3723],
    ["2-01:00:00 2048", 176_400],
  ])("readPs() reads %p", (text, seconds) => {
    expect(readPs(`${text}\n`)).toEqual({ processorUs: seconds * 1_000_000, bytes: 2048 * 1024 });
  });

  test("readPs() refuses what is no answer", () => {
    expect(() => readPs("no such process")).toThrow("Cannot read the answer of ps");
  });

  test("usageOf() grows with what a process does", () => {
    const before = usageOf(process.pid);
    const begun = process.cpuUsage();
    while (process.cpuUsage(begun).user < 50_000);
    const after = usageOf(process.pid);
    expect(after.processorUs).toBeGreaterThan(before.processorUs);
    expect(after.bytes).toBeGreaterThan(1_000_000);
  });
});

describe("figures", () => {
  const results = {
    "relay-ws": { figures: [{ what: "processor time", value: 2, unit: "us/message" }] },
    "chat-ws": { figures: [{ what: "processor time", value: 13, unit: "us/message" }], against: "relay-ws" },
    alone: { figures: [{ what: "memory", value: 1234.5, unit: "MB" }], against: "not-run" },
  };

  test("ratioOf() compares with the case that is named, where that ran", () => {
    expect(ratioOf("chat-ws", results)).toBe(6.5);
    expect(ratioOf("alone", results)).toBeUndefined();
    expect(ratioOf("relay-ws", results)).toBeUndefined();
  });

  test("table() has a line for each figure", () => {
    const lines = table(results).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^chat-ws +processor time +13\.0 +us\/message +6\.50 x relay-ws$/);
    expect(lines[3]).toMatch(/^alone +memory +1,235 +MB$/);
  });

  test.each([
    [0.123, "0.12"],
    [12.34, "12.3"],
    [1234.5, "1,235"],
    [-57.2, "-57.2"],
  ])("shown(%d) is %s", (value, text) => {
    expect(shown(value)).toBe(text);
  });

  test("median() is the middle, or between the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  test("quantiles() counts from the least", () => {
    expect(quantiles(Array.from({ length: 100 }, (_, at) => 100 - at))).toEqual({ p50: 51, p99: 100, max: 100 });
    expect(quantiles([])).toEqual({ p50: 0, p99: 0, max: 0 });
  });
});

describe("svgChart()", () => {
  const series = [
    { name: "a & b", points: [[100, 12.5] as const, [1000, 13] as const, [10_000, 14.5] as const] },
    { name: "other", points: [[100, 2] as const] },
  ];
  const chart = { name: "n", title: "Cost < 20", x: "sessions", y: "microseconds", series };

  test("is well-formed and names axes, title and series", () => {
    const svg = svgChart(chart);
    expect(scanElement(svg, DEFAULT_XML_LIMITS).name).toBe("svg");
    for (const text of ["Cost &lt; 20", ">sessions<", ">microseconds<", ">a &amp; b<", ">10,000<", ">14.5<"]) {
      expect(svg).toContain(text);
    }
  });

  test("draws a larger value higher, and equal steps of a power of ten equally wide", () => {
    const line = /<polyline points="([^"]*)"/.exec(svgChart(chart))?.[1] ?? "";
    const [first, second, third] = line.split(" ").map((point) => point.split(",").map(Number) as [number, number]);
    expect(second![0] - first![0]).toBeCloseTo(third![0] - second![0], 0);
    expect(first![1]).toBeGreaterThan(third![1]);
  });
});

test("svgChart() puts the label of the lower of two close points below it", () => {
  const series = [20, 19].map((value) => ({
    name: String(value),
    points: [[1, value] as const, [10, value] as const],
  }));
  const svg = svgChart({ name: "n", title: "t", x: "x", y: "y", series });
  const [upper, lower] = ["20.0", "19.0"].map((text) => {
    const y = new RegExp(`<text x="[^"]*" y="([^"]*)"[^>]*>${text}<`).exec(svg)?.[1];
    return Number(y);
  });
  expect(lower! - upper!).toBeGreaterThan(12);
});

test("svgChart() keeps the labels of close points apart, and a long title within the picture", () => {
  const series = [5.67, 6.33, 7.17].map((value) => ({
    name: String(value),
    points: [[100, value] as const, [10_000, value * 3] as const],
  }));
  const title = "Processor time of a stored message that is delivered, by messages that wait for that user";
  const svg = svgChart({ name: "n", title, x: "x", y: "y", series });
  const heights = ["5.67", "6.33", "7.17"].map((text) => {
    return Number(new RegExp(`<text x="[^"]*" y="([^"]*)"[^>]*>${text}<`).exec(svg)?.[1]);
  });
  heights.sort((a, b) => a - b);
  expect(heights[1]! - heights[0]!).toBeGreaterThan(12);
  expect(heights[2]! - heights[1]!).toBeGreaterThan(12);
  const lines = [...svg.matchAll(/class="bold"[^>]*>([^<]*)</g)].map(([, text]) => text!);
  expect(lines.join(" ")).toBe(title);
  for (const line of lines) expect(line.length).toBeLessThan(66);
});

test("svgChart() has a light and a dark scheme", () => {
  const series = [{ name: "a", points: [[1, 2] as const, [10, 3] as const] }];
  expect(svgChart({ name: "n", title: "t", x: "x", y: "y", series })).toContain("prefers-color-scheme: dark");
});

test("Progress tells the case, the step and the time", () => {
  let text = "";
  let now = 0;
  const progress = new Progress({ write: (chunk: string) => (text += chunk) }, 2, () => now);
  progress.start("chat-ws");
  now = 4000;
  progress.step("100 sessions");
  expect(text).toBe("[1/2] 0 s  chat-ws\n[1/2] 4 s  chat-ws: 100 sessions\n");
});

describe("scripts/bench.ts", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["scripts/bench.ts", ...args], { cwd: PROJECT, encoding: "utf8" });

  test("--help lists every case", () => {
    const { status, stdout } = run("--help");
    expect(status).toBe(0);
    for (const { name } of CASES) expect(stdout).toContain(`  ${name} `);
  });

  test("tells what is wrong with its arguments", () => {
    const { status, stderr } = run("--only", "nothing");
    expect(status).toBe(2);
    expect(stderr).toContain("Cannot run nothing");
  });

  test("measures the real server, and leaves figures and a picture", () => {
    const folder = mkdtempSync(join(tmpdir(), "ampact-bench-test-"));
    try {
      const json = join(folder, "figures.json");
      const { status, stdout, stderr } = run("--quick", "--only", "grow-accounts", "--json", json, "--out", folder);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain("login, 100,000 accounts");
      expect(readdirSync(folder).sort()).toEqual(["accounts.svg", "figures.json"]);
      const { results } = JSON.parse(readFileSync(json, "utf8"));
      expect(results["grow-accounts"].figures[0].value).toBeGreaterThan(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});
