import { describe, expect, test } from "bun:test";
import { readResultSet, resultSet } from "../../modules/result_set.ts";
import { Element } from "../../xmpp/xml/element.ts";

const query = (inner: string) =>
  Element.parse(`<query xmlns="urn:q"><set xmlns="http://jabber.org/protocol/rsm">${inner}</set></query>`);

describe("readResultSet() (XEP-0059)", () => {
  test.each([
    ["2.1 max", "<max>10</max>", { max: 10, after: undefined, before: undefined }],
    ["2.3 after", "<max>10</max><after>a</after>", { max: 10, after: "a", before: undefined }],
    ["2.5 the last page", "<before/>", { max: undefined, after: undefined, before: "" }],
    ["2.4 before", "<before>b</before>", { max: undefined, after: undefined, before: "b" }],
    ["an empty after is none", "<after/>", { max: undefined, after: undefined, before: undefined }],
  ])("%s", (_clause, inner, expected) => {
    expect(readResultSet(query(inner))).toEqual(expected);
  });

  test.each(["-1", "1.5", "x", "", "9".repeat(16)])("refuses max %p", (max) => {
    expect(() => readResultSet(query(`<max>${max}</max>`))).toThrow("bad-request");
  });

  test("without a set everything is asked for", () => {
    expect(readResultSet(Element.parse('<query xmlns="urn:q"/>')).max).toBeUndefined();
  });
});

test("resultSet() writes what there is (XEP-0059 2.2)", () => {
  const set = (inner: string) => `<set xmlns="http://jabber.org/protocol/rsm">${inner}</set>`;
  expect(String(resultSet({}))).toBe(set(""));
  expect(String(resultSet({ first: "a", last: "b", index: 0, count: 3 }))).toBe(
    set('<first index="0">a</first><last>b</last><count>3</count>'),
  );
});
