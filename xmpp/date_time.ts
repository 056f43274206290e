/** XMPP Date and Time Profiles: XEP-0082. @module */

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since 1970 of an XEP-0082 DateTime, or undefined when it is none. Fractions are cut to milliseconds. */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6]);
  if (!isDate(year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = offsetMinutes(match[8], match[9], match[10]);
  if (offset === undefined) return undefined;
  const milliseconds = match[7] === undefined ? 0 : Number(match[7].slice(0, 3).padEnd(3, "0"));
  return utc(year, month, day) + ((hour * 60 + minute - offset) * 60 + second) * 1000 + milliseconds;
}

/** True when the text ends in a zero offset: `Z`, `+00:00` or `-00:00`. */
export function isUtcDateTime(text: string): boolean {
  return /(?:Z|[+-]00:00)$/.test(text);
}

/** `2026-11-22T14:00:00.000Z`. @throws RangeError for a time that is no date */
export function formatDateTime(ms: number): string {
  return new Date(ms).toISOString();
}

// Date.UTC takes the years 0 to 99 for 1900 to 1999.
function utc(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  return new Date(utc(year, month, day)).getUTCDate() === day;
}

/** XML Schema part 2, section 3.2.7.3: an offset is at most 14:00. */
function offsetMinutes(sign?: string, hours = "00", minutes = "00"): number | undefined {
  const total = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || total > 14 * 60) return undefined;
  return sign === "-" ? -total : total;
}
