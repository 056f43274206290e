import { describe, expect, test } from "bun:test";
import { formMarkup, readForm } from "../../../modules/forms/data_form.ts";
import { Element } from "../../../xmpp/xml/element.ts";

const parent = (inner: string) => Element.parse(`<a xmlns="urn:a">${inner}</a>`);
const x = (inner: string, type = "submit") => `<x xmlns="jabber:x:data" type="${type}">${inner}</x>`;
const TYPE = '<field var="FORM_TYPE"><value>urn:t</value></field>';

describe("readForm() (XEP-0004 3.1, XEP-0068)", () => {
  test.each([
    ["no parent", undefined, "none"],
    ["no form", parent(""), "none"],
    ["a form of another namespace", parent('<x type="submit"/>'), "none"],
    ["cancelled", parent(x("", "cancel")), "cancel"],
    ["no submission", parent(x(TYPE, "result")), "malformed"],
    ["no FORM_TYPE", parent(x("")), "malformed"],
    ["another FORM_TYPE", parent(x(TYPE.replace("urn:t", "urn:x"))), "malformed"],
    ["a field without a name", parent(x(`${TYPE}<field/>`)), "malformed"],
    ["a field twice", parent(x(`${TYPE}<field var="a"/><field var="a"/>`)), "malformed"],
    ["submitted", parent(x(TYPE)), "submit"],
  ])("%s: %s", (_what, element, kind) => {
    expect(readForm(element, "urn:t").kind).toBe(kind as "none");
  });

  test("reads back what formMarkup() writes", () => {
    const written = formMarkup("submit", "urn:t", [{ name: "a", values: ["1", "<2>"] }, { name: "b" }]);
    expect(readForm(parent(written.text), "urn:t")).toEqual({
      kind: "submit",
      values: new Map([
        ["a", ["1", "<2>"]],
        ["b", []],
      ]),
    });
  });
});
