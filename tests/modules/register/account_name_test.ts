import { expect, test } from "bun:test";
import { mayBeRegistered } from "../../../modules/register/account_name.ts";

test.each([
  ["ASCII", "alice"],
  ["ASCII with digits", "alice_1-x"],
  ["Latin", "jos\u00e9"],
  ["Latin with a point between letters", "col\u00b7lega"],
  ["Latin with a letter that looks like one of ASCII, and another that does not", "\u0131\u015f\u0131k"],
  ["Latin with a ligature that languages have", "\u00e6rlig"],
  ["Cyrillic", "\u043b\u044e\u0431\u043e\u0432\u044c"],
  ["Greek", "\u03c3\u03bf\u03c6\u03af\u03b1"],
  ["Armenian", "\u0561\u0576\u056b"],
  ["Japanese", "\u82b1\u3053"],
])("%s may be registered: %s", (_what, name) => {
  expect(mayBeRegistered(name, "capulet.lit")).toBe(true);
});

test.each([
  ["the domain", "capulet.lit"],
  ["its first label", "capulet"],
  ["a voice of the service", "postmaster"],
  ["Latin and Cyrillic", "\u0430lice"],
  ["Cyrillic like Latin", "\u0430\u0441\u0435"],
  ["Cyrillic like Latin, with digits", "\u0440\u0430\u0443\u0440\u0430\u04cf1"],
  ["Cyrillic like Latin by a letter that seldom is", "\u0433\u043e\u0441\u0430"],
  ["Greek like Latin", "\u03bd\u03b1\u03bd\u03b1"],
  ["Armenian like Latin", "\u0570\u0585\u057d\u0578"],
  ["Latin like ASCII: alpha", "\u0251lice"],
  ["Latin like ASCII: script g", "ma\u0261gie"],
  ["Latin like ASCII: i without a dot", "al\u0131ce"],
  ["Latin like ASCII: small capitals", "b\u1d0fb"],
])("%s may not: %s", (_what, name) => {
  expect(mayBeRegistered(name, "capulet.lit")).toBe(false);
});
