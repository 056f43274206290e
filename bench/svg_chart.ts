/** A growth curve as SVG 1.1, in the viewer's light or dark scheme. @module */
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import type { Chart, Series } from "./result.ts";
import { shown } from "./table.ts";

const WIDTH = 720;
const HEIGHT = 400;
const FRAME = { left: 70, right: 30, top: 64, bottom: 86 };
const BOTTOM = HEIGHT - FRAME.bottom;
const RIGHT = WIDTH - FRAME.right;
const COLOURS = ["c0", "c1", "c2", "c3"];
const FONT = "system-ui, sans-serif";
const STYLE = `
.page { fill: #ffffff } text { fill: #424a53 } line { stroke: #424a53 } .bold { font-weight: 600 }
.c0 { color: #0969da } .c1 { color: #b35900 } .c2 { color: #1a7f37 } .c3 { color: #8250df }
.dot, .label { fill: currentColor } .curve { fill: none; stroke: currentColor; stroke-width: 2 }
.label { paint-order: stroke; stroke: #ffffff; stroke-width: 3px }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117 } text { fill: #b1bac4 } line { stroke: #b1bac4 } .label { stroke: #0d1117 }
  .c0 { color: #58a6ff } .c1 { color: #f0a04b } .c2 { color: #56d364 } .c3 { color: #d2a8ff }
}
`;

/** Widths of one character of common fonts, the wide ones included: nothing measures text here. */
const TITLE_CHAR = 10.3;
const SMALL_CHAR = 7.3;
const TITLE_LINE = 19;

/** Offsets of a label from its point, in order of preference. */
const LABEL_OFFSETS = [-9, 18, -24, 33, -39, 48, -54];
const LABEL_HEIGHT = 13;
const DOT_ROOM = 5;

type Points = Series["points"];
type Point = Points[number];
type Scale = (value: number) => number;

export function svgChart({ title, x, y, series, linear = false }: Chart): string {
  const points = series.flatMap((each) => each.points);
  const xs = [...new Set(points.map(([at]) => at))].sort((a, b) => a - b);
  const top = niceAbove(Math.max(...points.map(([, value]) => value)));
  const scaleX = linear ? linearScale(xs) : logScale(xs);
  const scaleY: Scale = (value) => BOTTOM - (value / top) * (BOTTOM - FRAME.top);
  const xTicks = linear ? everyFourth(xs) : xs;
  const labels = points.length > 16 ? new Map<Point, number>() : labelPlaces(points, scaleY);
  return `${
    xml`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="${FONT}" font-size="12" role="img">
    <title>${title}</title>
    <style>${STYLE}</style>
    <rect class="page" width="${WIDTH}" height="${HEIGHT}"/>
    ${titleLines(title)}
    ${[0, 1, 2, 3, 4].map((step) => yTick((top / 4) * step, scaleY))}
    ${xTicks.map((at) => xTick(at, scaleX))}
    <text x="${(FRAME.left + RIGHT) / 2}" y="${BOTTOM + 42}" text-anchor="middle">${x}</text>
    <text transform="translate(18 ${(FRAME.top + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${y}</text>
    ${series.map((each, at) => line(each, colour(at), scaleX, scaleY))}
    ${series.map((each, at) => labelsOf(each, colour(at), scaleX, labels))}
    ${legends(series.map(({ name }) => name))}
  </svg>`.text
  }\n`;
}

function colour(at: number): string {
  return COLOURS[at % COLOURS.length]!;
}

/** Wrapped between the edges of the picture. */
function titleLines(title: string): readonly Markup[] {
  const most = Math.floor((WIDTH - 2 * FRAME.right) / TITLE_CHAR);
  const lines: string[] = [];
  for (const word of title.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map(
    (text, at) => xml`<text class="bold" x="${FRAME.right}" y="${24 + at * TITLE_LINE}" font-size="15">${text}</text>`,
  );
}

function linearScale(xs: readonly number[]): Scale {
  const [low, high] = [xs[0]!, xs.at(-1)!];
  return (value) => FRAME.left + ((value - low) / (high - low || 1)) * (RIGHT - FRAME.left);
}

/** With room on both sides, so that a point is not on the axis. */
function logScale(xs: readonly number[]): Scale {
  const [low, high] = [Math.log10(xs[0]!), Math.log10(xs.at(-1)!)];
  const room = 50;
  return (value) =>
    FRAME.left + room + ((Math.log10(value) - low) / (high - low || 1)) * (RIGHT - FRAME.left - 2 * room);
}

/** The next of 1, 2, 4, 6, 8, 10 times a power of ten: a quarter of it is a short number. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((nice) => nice >= value * 1.05) ?? 20 * power;
}

function everyFourth(xs: readonly number[]): readonly number[] {
  const step = Math.max(1, Math.ceil((xs.length - 1) / 4));
  return xs.filter((_, at) => at % step === 0);
}

function yTick(value: number, scaleY: Scale): Markup {
  const at = scaleY(value).toFixed(1);
  return xml`<line x1="${FRAME.left}" x2="${RIGHT}" y1="${at}" y2="${at}" stroke-opacity="${value === 0 ? 1 : 0.25}"/>
    <text x="${FRAME.left - 8}" y="${(scaleY(value) + 4).toFixed(1)}" text-anchor="end">${number(value)}</text>`;
}

function xTick(value: number, scaleX: Scale): Markup {
  const at = scaleX(value).toFixed(1);
  return xml`<line x1="${at}" x2="${at}" y1="${BOTTOM}" y2="${BOTTOM + 5}"/>
    <text x="${at}" y="${BOTTOM + 20}" text-anchor="middle">${number(Math.round(value))}</text>`;
}

function line({ points }: Series, name: string, scaleX: Scale, scaleY: Scale): Markup {
  const places = points.map(([at, value]) => ({ x: scaleX(at).toFixed(1), y: scaleY(value).toFixed(1) }));
  const path = places.map(({ x, y }) => `${x},${y}`).join(" ");
  const dots = places.map(({ x, y }) => xml`<circle class="dot" cx="${x}" cy="${y}" r="3.5"/>`);
  return xml`<g class="${name}"><polyline points="${path}" class="curve"/>${dots}</g>`;
}

/** Above all curves, so that none of them crosses a label. */
function labelsOf({ points }: Series, name: string, scaleX: Scale, labels: ReadonlyMap<Point, number>): Markup {
  const texts = points.flatMap((point) => {
    const y = labels.get(point);
    const [at, value] = point;
    if (y === undefined) return [];
    return [
      xml`<text x="${scaleX(at).toFixed(1)}" y="${y.toFixed(1)}" class="label" text-anchor="middle">${shown(value)}</text>`,
    ];
  });
  return xml`<g class="${name}">${texts}</g>`;
}

/** The height of each point's label: one that is free of the labels and dots of the others above the same place. */
function labelPlaces(points: Points, scaleY: Scale): Map<Point, number> {
  const places = new Map<Point, number>();
  for (const point of [...points].sort(([, a], [, b]) => b - a)) {
    const others = points.filter((other) => other !== point && other[0] === point[0]);
    const isFree = (y: number) =>
      y > FRAME.top && y < BOTTOM - 3 && others.every((other) => isClear(y, scaleY(other[1]), places.get(other)));
    const y = scaleY(point[1]);
    const offset = LABEL_OFFSETS.find((each) => isFree(y + each)) ?? LABEL_OFFSETS[0]!;
    places.set(point, y + offset);
  }
  return places;
}

function isClear(y: number, dot: number, label: number | undefined): boolean {
  const isOnDot = dot > y - LABEL_HEIGHT - DOT_ROOM + 3 && dot < y + DOT_ROOM;
  return !isOnDot && (label === undefined || Math.abs(label - y) >= LABEL_HEIGHT);
}

/** Side by side, on a second line where there is no room. */
function legends(names: readonly string[]): readonly Markup[] {
  let x = FRAME.left;
  let y = HEIGHT - 24;
  return names.map((name, at) => {
    const width = 16 + name.length * SMALL_CHAR;
    if (x > FRAME.left && x + width > WIDTH) {
      x = FRAME.left;
      y += 16;
    }
    const left = x;
    x += width + 20;
    return xml`<g class="${colour(at)}"><rect class="dot" x="${left}" y="${y - 9}" width="10" height="10" rx="2"/></g><text x="${left + 16}" y="${y}">${name}</text>`;
  });
}

function number(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
