/**
 * Log records by LogTape, in the category `ampact`. An app that embeds ampact configures LogTape itself; until then
 * nothing is written. The command line configures it here.
 * @module
 */
import { configure, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";
import type { Log } from "../xmpp/log.ts";
import type { Config } from "./config.ts";

const CATEGORY = "ampact";

const LEVELS: Readonly<Record<Exclude<Config["log"]["level"], "off">, LogLevel>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};

/** The server's log: each record carries `what` and its fields as LogTape properties. */
export function serverLog(): Log {
  const logger = getLogger(CATEGORY);
  // `what` is a constant of the code, so its braces cannot come from outside.
  return {
    debug: (what, record) => logger.debug(what, { ...record, what }),
    info: (what, record) => logger.info(what, { ...record, what }),
    warn: (what, record) => logger.warn(what, { ...record, what }),
    error: (what, record) => logger.error(what, { ...record, what }),
  };
}

/** Makes LogTape write lines to `write`, by default to standard error; replaces an earlier configuration. */
export async function configureLog(
  level: Config["log"]["level"],
  write: (line: string) => void = (line) => process.stderr.write(line),
  format: (record: LogRecord) => string = formatRecord,
): Promise<void> {
  const sink = (record: LogRecord): void => write(format(record));
  await configure({
    reset: true,
    sinks: { text: sink },
    loggers: [
      {
        category: CATEGORY,
        sinks: level === "off" ? [] : ["text"],
        lowestLevel: level === "off" ? null : LEVELS[level],
      },
      { category: ["logtape", "meta"], sinks: ["text"], lowestLevel: "warning" },
    ],
  });
}

/** `2026-11-22T14:00:00.000Z INFO    session resumed  jid="juliet@localhost/tab" stanzas=3` */
export function formatRecord(record: LogRecord): string {
  const { what = record.message.join(""), ...facts } = record.properties;
  const time = new Date(record.timestamp).toISOString();
  const pairs = Object.entries(facts).map(([name, value]) => ` ${name}=${showValue(value)}`);
  const gap = pairs.length > 0 ? " " : "";
  return `${time} ${record.level.toUpperCase().padEnd(7)} ${what}${gap}${pairs.join("")}\n`;
}

/** The setting `log.format`, for the terminal or file that standard error is. NO_COLOR: https://no-color.org */
export function recordFormat(
  format: Config["log"]["format"],
  { isTTY = false }: { readonly isTTY?: boolean } = process.stderr,
  { NO_COLOR = "" }: Readonly<Record<string, string | undefined>> = process.env,
): (record: LogRecord) => string {
  if (format === "json" || (format === "auto" && !isTTY)) return jsonRecord;
  return isTTY && NO_COLOR === "" ? colouredRecord : formatRecord;
}

/** `{"time":"2026-11-22T14:00:00.000Z","level":"info","what":"session resumed","jid":"juliet@localhost/tab","stanzas":3}` */
function jsonRecord({ timestamp, level, message, properties }: LogRecord): string {
  const { what = message.join(""), ...facts } = properties;
  const own = { time: new Date(timestamp).toISOString(), level, what };
  const shown = Object.entries(facts).map(([name, value]) => [name, jsonValue(value)]);
  // A fact takes no name of these, wherever it comes from.
  return `${JSON.stringify({ ...own, ...Object.fromEntries(shown), ...own })}\n`;
}

const COLOURS: Readonly<Partial<Record<LogLevel, number>>> = { debug: 90, warning: 33, error: 31, fatal: 31 };

function colouredRecord(record: LogRecord): string {
  const colour = COLOURS[record.level];
  const line = formatRecord(record);
  return colour === undefined ? line : `\x1b[${colour}m${line.trimEnd()}\x1b[0m\n`;
}

function jsonValue(value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? String(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return String(value) === "[object Object]" ? value : String(value);
}

/** JSON keeps a value on one line, whatever it contains. */
function showValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? String(value));
  if (typeof value === "number" || typeof value === "boolean" || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  return JSON.stringify(String(value) === "[object Object]" || Array.isArray(value) ? value : String(value));
}
