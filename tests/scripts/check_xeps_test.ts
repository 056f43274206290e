import { expect, test } from "bun:test";
import { renderXeps } from "../../scripts/check_xeps.ts";

test("renderXeps() lists RFCs, then XEPs by number, one row for each statement", () => {
  const text = renderXeps([
    { name: "ping", xeps: [{ xep: 199, title: "XMPP Ping", version: "2.0.1", status: "complete" }] },
    { name: "roster", xeps: [{ rfc: 6121, title: "Instant Messaging", status: "partial", note: "a|b" }] },
    { name: "amp", xeps: [{ xep: 79, status: "complete" }] },
  ]);
  expect(text.split("\n").slice(6)).toEqual([
    "| [RFC 6121](https://www.rfc-editor.org/rfc/rfc6121) | Instant Messaging |  | partial | `roster` | a\\|b |",
    "| [XEP-0079](https://xmpp.org/extensions/xep-0079.html) |  |  | complete | `amp` |  |",
    "| [XEP-0199](https://xmpp.org/extensions/xep-0199.html) | XMPP Ping | 2.0.1 | complete | `ping` |  |",
    "",
  ]);
});
