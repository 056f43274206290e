import { describe, expect, test } from "bun:test";
import { mam } from "../../modules/mam.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { archived, queryArchive } from "./fake_archive.ts";
import { FakeContext, type FakeOptions, ROMEO } from "./fake_context.ts";

const OWN = "juliet@capulet.lit";
const MESSAGES = [
  archived(1, "romeo@montague.lit/garden", OWN, "romeo@montague.lit"),
  archived(2, `${OWN}/chamber`, "romeo@montague.lit/garden", "romeo@montague.lit"),
  archived(3, "nurse@capulet.lit/x", OWN, "nurse@capulet.lit"),
  archived(4, "romeo@montague.lit/orchard", OWN, "romeo@montague.lit"),
  archived(5, `${OWN}/chamber`, OWN, OWN),
];
const id = (second: number) => `id-${MESSAGES[second - 1]!.seq}`;

function account(options: FakeOptions = {}): FakeContext {
  return new FakeContext({
    modules: [mam],
    store: {
      archive: async (query) => queryArchive(MESSAGES, query),
      archiveBounds: async () => ({ first: MESSAGES[0]!.seq, last: MESSAGES[4]!.seq }),
    },
    ...options,
  });
}

const NS = 'xmlns="urn:xmpp:mam:2"';
const field = (name: string, ...values: string[]) =>
  `<field var="${name}">${values.map((value) => `<value>${value}</value>`).join("")}</field>`;
const form = (...fields: string[]) =>
  `<x xmlns="jabber:x:data" type="submit">${field("FORM_TYPE", "urn:xmpp:mam:2")}${fields.join("")}</x>`;
const rsm = (inner: string) => `<set xmlns="http://jabber.org/protocol/rsm">${inner}</set>`;
const query = (inner = "", more = "") => `<query ${NS}${more}>${inner}</query>`;

/** Which messages were sent, by their second, and whether the page was complete. */
async function ask(context: FakeContext, request: string): Promise<string> {
  const answer = await context.ask(request, { type: "set" });
  if (answer.startsWith("error")) return answer;
  const seconds = context.done("toResource").map(([, text]) => /<body>(\d+)</.exec(String(text))![1]);
  return `${seconds.join(" ")}${answer.includes('complete="true"') ? " complete" : ""}`;
}

describe("archive query (XEP-0313)", () => {
  const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
  test.each([
    ["4 everything", query(), "1 2 3 4 5 complete"],
    ["4.1.1 with a bare JID", query(form(field("with", "romeo@montague.lit"))), "1 2 4 complete"],
    ["4.1.1 with a full JID", query(form(field("with", "romeo@montague.lit/garden"))), "1 2 complete"],
    ["4.1.1 with oneself", query(form(field("with", OWN))), "5 complete"],
    ["4.1.1 with nobody known", query(form(field("with", "a@b"))), " complete"],
    ["4.1.1 an empty field is none", query(form(field("with", ""))), "1 2 3 4 5 complete"],
    ["4.1.2 start is inclusive", query(form(field("start", at(4)))), "4 5 complete"],
    ["4.1.2 end is inclusive", query(form(field("end", at(2)))), "1 2 complete"],
    ["4.1.2 start and end", query(form(field("start", at(2)), field("end", at(3)))), "2 3 complete"],
    ["4.1.3 after-id", query(form(field("after-id", id(3)))), "4 5 complete"],
    ["4.1.3 before-id", query(form(field("before-id", id(3)))), "1 2 complete"],
    ["4.1.3 between two ids", query(form(field("after-id", id(1)), field("before-id", id(4)))), "2 3 complete"],
    ["4.1.3 ids", query(form(field("ids", id(4), id(2)))), "2 4 complete"],
    ["4.3 max", query(rsm("<max>2</max>")), "1 2"],
    ["4.3 max and after", query(rsm(`<max>2</max><after>${id(2)}</after>`)), "3 4"],
    ["4.3 the last page by after", query(rsm(`<max>2</max><after>${id(4)}</after>`)), "5 complete"],
    ["4.3.1 the last page", query(rsm("<max>2</max><before/>")), "4 5"],
    ["4.3 the page before", query(rsm(`<max>2</max><before>${id(4)}</before>`)), "2 3"],
    ["4.3 the first page by before", query(rsm(`<max>2</max><before>${id(2)}</before>`)), "1 complete"],
    ["4.3.2 flipped", query(`${rsm("<max>2</max><before/>")}<flip-page/>`), "5 4"],
    [
      "4.1.1 a full JID, page by page",
      query(form(field("with", "romeo@montague.lit/garden")) + rsm("<max>1</max><before/>")),
      "2",
    ],
  ])("%s", async (_clause, request, expected) => {
    expect(await ask(account(), request)).toBe(expected);
  });

  test.each([
    ["4.1.3 an unknown after-id", query(form(field("after-id", "id-7"))), "item-not-found cancel"],
    ["4.1.3 no id of ours", query(form(field("before-id", "x"))), "item-not-found cancel"],
    ["4.1.3 one unknown of two ids", query(form(field("ids", id(1), "id-7"))), "item-not-found cancel"],
    ["4.3 an unknown after", query(rsm("<after>id-7</after>")), "item-not-found cancel"],
    ["4.3 an unknown before", query(rsm("<before>id-7</before>")), "item-not-found cancel"],
    ["4.1.1 a bad with", query(form(field("with", "@x"))), "bad-request modify"],
    ["4.1.1 two JIDs", query(form(field("with", "a@b", "c@d"))), "bad-request modify"],
    ["4.1.2 a bad start", query(form(field("start", "yesterday"))), "bad-request modify"],
    ["4.1.5 an unknown field", query(form(field("text", "x"))), "feature-not-implemented cancel"],
    ["4.1.4 no groupchat field", query(form(field("include-groupchat", "true"))), "feature-not-implemented cancel"],
    ["4.1 another FORM_TYPE", query('<x xmlns="jabber:x:data" type="submit"/>'), "bad-request modify"],
    ["0059 a bad max", query(rsm("<max>many</max>")), "bad-request modify"],
    ["0059 2.6 a page by its index", query(rsm("<index>1</index>")), "feature-not-implemented cancel"],
  ])("%s: %s", async (_clause, request, expected) => {
    const context = account();
    expect(await ask(context, request)).toBe(`error ${expected}`);
    expect(context.done("toResource")).toEqual([]);
  });

  test.each(["after", "before"])(
    "4.1.1 a full JID, by %s: a page that ends early, and is cut for its length as well, skips nothing",
    async (direction) => {
      const romeo = "romeo@montague.lit/garden";
      const long = "x".repeat(250_000);
      const messages = Array.from({ length: 2600 }, (_, at) => {
        const message = archived(at, at % 200 === 0 ? romeo : "romeo@montague.lit/tomb", OWN, "romeo@montague.lit");
        return at % 200 === 0
          ? { ...message, text: message.text.replace("</body>", `</body><x>${long}</x>`) }
          : message;
      });
      const seen: number[] = [];
      let place = direction === "after" ? "" : "<before/>";
      for (let page = 0; page < 20; page++) {
        const context = account({ store: { archive: async (asked) => queryArchive(messages, asked) } });
        const end = await context.ask(query(form(field("with", romeo)) + rsm(`<max>50</max>${place}`)), {
          type: "set",
        });
        const got = context.done("toResource").map(([, text]) => Number(/<body>(\d+)</.exec(String(text))![1]));
        seen.splice(direction === "after" ? seen.length : 0, 0, ...got);
        if (end.includes('complete="true"')) break;
        const id = (direction === "after" ? /<last>([^<]*)</ : /<first[^>]*>([^<]*)</).exec(end)![1];
        place = `<${direction}>${id}</${direction}>`;
      }
      expect(seen).toEqual(Array.from({ length: 13 }, (_, at) => at * 200));
    },
  );

  test("4.2 sends each message, forwarded with its time and id, before the end", async () => {
    const context = account();
    const request = query(rsm("<max>1</max>"), ' queryid="f27"');
    expect(await context.ask(request, { type: "set" })).toBe(
      `<fin ${NS}>${rsm(`<first>${id(1)}</first><last>${id(1)}</last>`)}</fin>`,
    );
    expect(context.done("toResource")).toEqual([
      [
        "chamber",
        `<message xmlns="jabber:client" from="${OWN}" to="${OWN}/chamber" id="new1"><result ${NS} queryid="f27" id="${id(1)}">` +
          '<forwarded xmlns="urn:xmpp:forward:0"><delay xmlns="urn:xmpp:delay" stamp="2026-01-01T00:00:01.000Z"/>' +
          `${MESSAGES[0]!.text}</forwarded></result></message>`,
      ],
    ]);
    expect(() => Stanza.parse(String(context.done("toResource")[0]![1]))).not.toThrow();
  });

  test("0059 2.7 counts where no page is asked for", async () => {
    const answer = await account().ask(query(rsm("<max>0</max>")), { type: "set" });
    expect(answer).toBe(`<fin ${NS}>${rsm("<count>5</count>")}</fin>`);
  });

  test("4.3 tells the count of a whole archive", async () => {
    const answer = await account().ask(query(), { type: "set" });
    expect(answer).toContain(`<first>${id(1)}</first><last>${id(5)}</last><count>5</count>`);
  });

  test.each([
    ["from the start", "", "1 2"],
    ["from the end", rsm("<before/>"), "4 5"],
  ])("4.3 limits the page where its messages are long: %s", async (_what, set, expected) => {
    const messages = MESSAGES.map((message) => {
      const text = message.text.replace("</message>", `<x>${"x".repeat(900_000)}</x></message>`);
      return { ...message, text };
    });
    const context = account({ store: { archive: async (asked) => queryArchive(messages, asked) } });
    expect(await ask(context, query(set))).toBe(expected);
  });

  const many = (units: number) =>
    Array.from({ length: 300 }, (_, at) => {
      const message = archived(at, "romeo@montague.lit/garden", OWN, "romeo@montague.lit");
      return { ...message, text: message.text.replace("</message>", `<x>${"x".repeat(units)}</x></message>`) };
    });
  const seconds = (first: number, count: number) => Array.from({ length: count }, (_, at) => first + at).join(" ");

  test.each([
    ["from the start", "", seconds(0, 250)],
    ["from the end", "<before/>", seconds(50, 250)],
  ])("4.3 limits the page whatever the client asks for: %s", async (_what, place, expected) => {
    const messages = many(0);
    const context = account({ store: { archive: async (asked) => queryArchive(messages, asked) } });
    expect(await ask(context, query(rsm(`<max>100000</max>${place}`)))).toBe(expected);
  });

  test.each([
    ["a page from the start", "", "", seconds(0, 9)],
    ["a page from the end", "<before/>", "", seconds(291, 9)],
    ["a page for one resource", "", field("with", "romeo@montague.lit/garden"), seconds(0, 9)],
    ["a page for a resource that nothing is from", "", field("with", "romeo@montague.lit/attic"), ""],
  ])("of long messages no more is read than somewhat more than is sent: %s", async (_what, place, named, expected) => {
    const messages = many(200_000);
    let read = 0;
    const archive = async (asked: Parameters<typeof queryArchive>[1]) => {
      const page = queryArchive(messages, asked);
      for (const { text } of page.messages) read += text.length;
      return page;
    };
    const context = account({ store: { archive } });
    expect(await ask(context, query((named === "" ? "" : form(named)) + rsm(`<max>250</max>${place}`)))).toBe(expected);
    // 250 such messages are 50 million.
    expect(read).toBeLessThan(16_000_000);
  });
});

describe("catching up (XEP-0313 6.1)", () => {
  test.each([
    ["everything", query(), true],
    ["what came since", query(rsm(`<after>${id(3)}</after>`)), true],
    ["a page that is not the last", query(rsm("<max>1</max>")), false],
    ["the last page of more", query(rsm("<max>1</max><before/>")), false],
    ["one contact", query(form(field("with", "romeo@montague.lit"))), false],
    ["single messages", query(form(field("ids", id(1)))), false],
    ["up to some time", query(form(field("end", "2026-01-01T00:00:02Z"))), false],
    ["before a message", query(rsm(`<before>${id(2)}</before>`)), false],
  ])("%s: needs no offline messages: %p", async (_what, request, expected) => {
    const context = account();
    await context.ask(request, { type: "set" });
    expect(context.done("mark").length === 1).toBe(expected);
  });
});

describe("access, form, metadata", () => {
  const requests: [string, string][] = [
    ["get", query()],
    ["set", query()],
    ["get", `<metadata ${NS}/>`],
    ["get", `<prefs ${NS}/>`],
    ["set", `<prefs ${NS} default="never"/>`],
  ];

  test.each(requests)("8.1 a stranger is refused: %s %s", async (type, request) => {
    const context = account();
    expect(await context.ask(request, { type, from: ROMEO })).toBe("error forbidden auth");
    expect(context.deeds).toEqual([]);
  });

  test.each(requests)("without an archive: %s %s", async (type, request) => {
    const context = account({ settings: { archive: false } });
    expect(await context.ask(request, { type })).toBe("error service-unavailable cancel");
    expect(context.description.account.features).toEqual([]);
  });

  test("4.1.5 tells the fields", async () => {
    const answer = await account().ask(query());
    const names = [...answer.matchAll(/<field var="([^"]*)"/g)].map((match) => match[1]);
    expect(names).toEqual(["FORM_TYPE", "with", "start", "end", "before-id", "after-id", "ids"]);
  });

  test("5 tells the first and last message", async () => {
    expect(await account().ask(`<metadata ${NS}/>`)).toBe(
      `<metadata ${NS}><start id="${id(1)}" timestamp="2026-01-01T00:00:01.000Z"/>` +
        `<end id="${id(5)}" timestamp="2026-01-01T00:00:05.000Z"/></metadata>`,
    );
    const empty = account({ store: { archiveBounds: async () => undefined } });
    expect(await empty.ask(`<metadata ${NS}/>`)).toBe(`<metadata ${NS}/>`);
  });
});

describe("preferences (XEP-0441)", () => {
  const prefs = (value: string, inner: string) => `<prefs ${NS}${value}>${inner}</prefs>`;

  test("2 are changed, answered as applied, and read again", async () => {
    const context = account();
    expect(await context.ask(prefs("", ""))).toBe(prefs(' default="always"', "<always></always><never></never>"));
    const wanted = prefs(' default="roster"', "<always><jid>A@b/c</jid></always>");
    const applied = prefs(' default="roster"', "<always><jid>a@b</jid></always><never></never>");
    expect(await context.ask(wanted, { type: "set" })).toBe(applied);
    expect(await context.ask(prefs("", ""))).toBe(applied);
  });

  test.each([
    ["no default", prefs("", "")],
    ["an unknown default", prefs(' default="sometimes"', "")],
    ["a bad JID", prefs(' default="always"', "<never><jid>@b</jid></never>")],
  ])("refuses %s", async (_what, request) => {
    expect(await account().ask(request, { type: "set" })).toBe("error bad-request modify");
  });
});
