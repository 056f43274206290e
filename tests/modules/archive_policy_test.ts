import { describe, expect, test } from "bun:test";
import { archivable, isAmpEvent, storable } from "../../modules/archive_policy.ts";
import { Stanza } from "../../xmpp/stanza.ts";

const BODY = "<body>hi</body>";
const STATE = '<active xmlns="http://jabber.org/protocol/chatstates"/>';
const hint = (name: string) => `<${name} xmlns="urn:xmpp:hints"/>`;
const EVENT = '<amp xmlns="http://jabber.org/protocol/amp" status="alert" from="a@b" to="c@d"><rule/></amp>';
const RULES = '<amp xmlns="http://jabber.org/protocol/amp"><rule/></amp>';

function message(type: string, inner: string, from = "a@b/c"): Stanza {
  return Stanza.parse(`<message from="${from}" to="c@d"${type && ` type="${type}"`}>${inner}</message>`);
}

describe("archivable() and storable()", () => {
  test.each([
    ["0160 3 chat", "chat", BODY, true, true],
    ["0160 3 normal", "normal", BODY, true, true],
    ["0160 3 no type", "", BODY, true, true],
    ["0160 3 groupchat", "groupchat", BODY, false, false],
    ["0160 3 headline", "headline", BODY, false, false],
    ["0160 3 error", "error", BODY, false, false],
    ["0160 3 chat state alone", "chat", STATE, false, false],
    ["0160 3 chat state in a thread", "chat", `${STATE}<thread>t</thread>`, false, false],
    ["0160 3 chat state with a body", "chat", STATE + BODY, true, true],
    ["0160 3 chat state with a receipt", "chat", `${STATE}<received xmlns="urn:xmpp:receipts" id="1"/>`, true, true],
    ["0313 5.1.1 no body", "normal", "<subject>s</subject>", false, true],
    ["0313 5.1.1 a body in another namespace", "normal", '<body xmlns="urn:x"/>', false, true],
    ["0184 receipt", "normal", '<received xmlns="urn:xmpp:receipts" id="1"/>', true, true],
    ["0184 request", "normal", '<request xmlns="urn:xmpp:receipts"/>', false, true],
    ["0333 displayed", "chat", '<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>', true, true],
    ["0333 markable", "chat", '<markable xmlns="urn:xmpp:chat-markers:0"/>', false, true],
    ["0249 invitation", "normal", '<x xmlns="jabber:x:conference" jid="r@c"/>', true, true],
    ["0334 4.1 no-permanent-store", "chat", BODY + hint("no-permanent-store"), false, true],
    ["0334 4.2 no-store", "chat", BODY + hint("no-store"), false, false],
    ["0334 4.3 no-copy", "chat", BODY + hint("no-copy"), true, true],
    ["0334 4.4 store", "chat", STATE + hint("store"), true, true],
    ["0334 4.4 store in an error", "error", BODY + hint("store"), false, false],
    ["0079 rules", "chat", STATE + RULES, false, true],
  ])("%s", (_clause, type, inner, archive, store) => {
    expect(archivable(message(type, inner))).toBe(archive);
    expect(storable(message(type, inner))).toBe(store);
  });

  test.each([
    ["normal", "", true, false, true],
    ["error", '<error type="modify"/>', true, false, true],
    ["normal", BODY, true, false, true],
  ])(
    "0079 2.2.5 an event of type %s waits for its sender, but is not archived",
    (type, inner, event, archive, store) => {
      const stanza = message(type, EVENT + inner, "capulet.lit");
      expect(isAmpEvent(stanza)).toBe(event);
      expect(archivable(stanza)).toBe(archive);
      expect(storable(stanza)).toBe(store);
    },
  );

  test("a client's own status makes no event", () => {
    expect(isAmpEvent(message("chat", EVENT))).toBe(false);
    expect(archivable(message("chat", EVENT + BODY))).toBe(true);
  });

  test.each(["presence", "iq"])("%s is neither archived nor stored", (name) => {
    const stanza = Stanza.parse(`<${name} from="a@b/c">${BODY}</${name}>`);
    expect(archivable(stanza)).toBe(false);
    expect(storable(stanza)).toBe(false);
  });
});
