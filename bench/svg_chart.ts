/** A growth curve as a picture: SVG 1.1, colours that can be read on white and on black. @module */
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import type { Chart, Series } from "./result.ts";
import { shown } from "./table.ts";

const WIDTH = 720;
const HEIGHT = 400;
const FRAME = { left: 70, right: 30, top: 56, bottom: 86 };
const BOTTOM = HEIGHT - FRAME.bottom;
const RIGHT = WIDTH - FRAME.right;
const COLOURS = ["#2f81f7", "#d98200", "#2da44e", "#bf4bd8"];
const INK = "#7d8590";
const FONT = "system-ui, sans-serif";
const LEGEND_WIDTH = 220;

/** Room for a label, and the dot above it. */
const LABEL_HEIGHT = 26;

type Points = Series["points"];
type Scale = (value: number) => number;

export function svgChart({ title, x, y, series, linear = false }: Chart): string {
  const points = series.flatMap((each) => each.points);
  const xs = [...new Set(points.map(([at]) => at))].sort((a, b) => a - b);
  const top = niceAbove(Math.max(...points.map(([, value]) => value)));
  const scaleX = linear ? linearScale(xs) : logScale(xs);
  const scaleY: Scale = (value) => BOTTOM - (value / top) * (BOTTOM - FRAME.top);
  const xTicks = linear ? everyFourth(xs) : xs;
  return `${
    xml`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="${FONT}" font-size="12" fill="${INK}" role="img">
    <title>${title}</title>
    <text x="${FRAME.left}" y="26" font-size="15" font-weight="600">${title}</text>
    ${[0, 1, 2, 3, 4].map((step) => yTick((top / 4) * step, scaleY))}
    ${xTicks.map((at) => xTick(at, scaleX))}
    <text x="${(FRAME.left + RIGHT) / 2}" y="${BOTTOM + 42}" text-anchor="middle">${x}</text>
    <text transform="translate(18 ${(FRAME.top + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${y}</text>
    ${series.map((each, at) => line(each, COLOURS[at % COLOURS.length]!, scaleX, scaleY, points.length > 16 ? [] : points))}
    ${series.map((each, at) => legend(each.name, COLOURS[at % COLOURS.length]!, at))}
  </svg>`.text
  }\n`;
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
  return xml`<line x1="${FRAME.left}" x2="${RIGHT}" y1="${at}" y2="${at}" stroke="${INK}" stroke-opacity="${value === 0 ? 1 : 0.25}"/>
    <text x="${FRAME.left - 8}" y="${(scaleY(value) + 4).toFixed(1)}" text-anchor="end">${number(value)}</text>`;
}

function xTick(value: number, scaleX: Scale): Markup {
  const at = scaleX(value).toFixed(1);
  return xml`<line x1="${at}" x2="${at}" y1="${BOTTOM}" y2="${BOTTOM + 5}" stroke="${INK}"/>
    <text x="${at}" y="${BOTTOM + 20}" text-anchor="middle">${number(Math.round(value))}</text>`;
}

function line({ points }: Series, colour: string, scaleX: Scale, scaleY: Scale, labelled: Points): Markup {
  const places = points.map(([at, value]) => ({ at, value, x: scaleX(at).toFixed(1), y: scaleY(value) }));
  const path = places.map(({ x, y }) => `${x},${y.toFixed(1)}`).join(" ");
  const dots = places.map(({ at, value, x, y }) => {
    const labelY = (hasRoomAbove(at, value, labelled, scaleY) ? y - 9 : y + 18).toFixed(1);
    const label =
      labelled.length > 0 &&
      xml`<text x="${x}" y="${labelY}" text-anchor="middle" fill="${colour}">${shown(value)}</text>`;
    return xml`<circle cx="${x}" cy="${y.toFixed(1)}" r="3.5" fill="${colour}"/>${label}`;
  });
  return xml`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}`;
}

/** Whether no other curve is so close above that its point would lie in the label. */
function hasRoomAbove(at: number, value: number, points: Points, scaleY: Scale): boolean {
  return !points.some(([x, other]) => x === at && other > value && scaleY(value) - scaleY(other) < LABEL_HEIGHT);
}

function legend(name: string, colour: string, at: number): Markup {
  const x = FRAME.left + at * LEGEND_WIDTH;
  const y = HEIGHT - 18;
  return xml`<rect x="${x}" y="${y - 9}" width="10" height="10" rx="2" fill="${colour}"/><text x="${x + 16}" y="${y}">${name}</text>`;
}

function number(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
