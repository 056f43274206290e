import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatDateTime, isUtcDateTime, parseDateTime } from "../../xmpp/date_time.ts";

test.each([
  ["1969-07-21T02:56:15Z", Date.UTC(1969, 6, 21, 2, 56, 15)],
  ["1969-07-20T21:56:15-05:00", Date.UTC(1969, 6, 21, 2, 56, 15)],
  ["2026-11-22T14:00:00.5Z", Date.UTC(2026, 10, 22, 14, 0, 0, 500)],
  ["2026-11-22T14:00:00.123456789Z", Date.UTC(2026, 10, 22, 14, 0, 0, 123)],
  ["2026-11-22T14:00:00+14:00", Date.UTC(2026, 10, 22, 0, 0, 0)],
  ["2024-02-29T00:00:00-00:00", Date.UTC(2024, 1, 29)],
  ["0050-01-01T00:00:00Z", -60_589_296_000_000],
])("parseDateTime(%j) is %d", (text, ms) => {
  expect(parseDateTime(text)).toBe(ms);
});

test.each([
  "",
  "2026-11-22",
  "2026-11-22T14:00:00",
  "2026-11-22 14:00:00Z",
  "2026-11-22t14:00:00z",
  "20261122T14:00:00Z",
  "2026-11-22T14:00Z",
  "2026-13-01T00:00:00Z",
  "2026-00-01T00:00:00Z",
  "2026-02-29T00:00:00Z",
  "2026-11-31T00:00:00Z",
  "2026-11-00T00:00:00Z",
  "2026-11-22T24:00:00Z",
  "2026-11-22T14:60:00Z",
  "2026-11-22T14:00:60Z",
  "2026-11-22T14:00:00.Z",
  "2026-11-22T14:00:00+0100",
  "2026-11-22T14:00:00+15:00",
  "2026-11-22T14:00:00+01:60",
  " 2026-11-22T14:00:00Z",
  "2026-11-22T14:00:00Z\n",
])("parseDateTime(%j) is undefined", (text) => {
  expect(parseDateTime(text)).toBeUndefined();
});

test.each([
  ["2026-11-22T14:00:00Z", true],
  ["2026-11-22T14:00:00+00:00", true],
  ["2026-11-22T14:00:00-00:00", true],
  ["2026-11-22T14:00:00+01:00", false],
])("isUtcDateTime(%j) is %j", (text, utc) => {
  expect(isUtcDateTime(text)).toBe(utc);
});

test("parseDateTime() reads what formatDateTime() writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (ms) => {
      expect(parseDateTime(formatDateTime(ms))).toBe(ms);
      expect(isUtcDateTime(formatDateTime(ms))).toBe(true);
    }),
  );
});

test("formatDateTime() writes milliseconds and Z", () => {
  expect(formatDateTime(Date.UTC(2026, 10, 22, 14))).toBe("2026-11-22T14:00:00.000Z");
});
