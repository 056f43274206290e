/** Requests of some bytes whose answers are long: what they cost is counted, not timed. */
import { describe, expect, test } from "bun:test";
import { blocking } from "../../modules/blocking.ts";
import { mam } from "../../modules/mam.ts";
import { pep } from "../../modules/pep.ts";
import { privateXml } from "../../modules/private_xml.ts";
import { roster } from "../../modules/roster.ts";
import { MAX_ANSWER } from "../../modules/within_length.ts";
import type { ArchiveQuery, RosterItem } from "../../store/store.ts";
import { FakeContext, item } from "./fake_context.ts";
import { fakeDocuments } from "./fake_documents.ts";

const SET = { type: "set" };
const AMPERSANDS = "&".repeat(1000);
const ROSTER = '<query xmlns="jabber:iq:roster"/>';

/** Counts how often it is written. */
function counted(jid: string, groups: readonly string[]): { readonly item: RosterItem; readonly reads: () => number } {
  let reads = 0;
  const counting = Object.defineProperty(item(jid), "groups", {
    get: () => {
      reads++;
      return groups;
    },
  });
  return { item: counting, reads: () => reads };
}

describe("a roster", () => {
  test("is written once, however often it is read", async () => {
    const { item: dear, reads } = counted("nurse@capulet.lit", [AMPERSANDS]);
    const context = new FakeContext({ modules: [roster], roster: [dear] });
    const first = await context.ask(ROSTER);
    const once = reads();
    for (let i = 0; i < 20; i++) expect(await context.ask(ROSTER)).toBe(first);
    expect(reads()).toBe(once);
  });

  test("is not longer than one answer may be, as it is sent", async () => {
    const groups = Array.from({ length: 9 }, (_, at) => `${AMPERSANDS}${at}`);
    const known = Array.from({ length: 44 }, (_, at) => item(`u${at}@capulet.lit`, { groups }));
    const context = new FakeContext({ modules: [roster], roster: known });
    const put = (jid: string, group: string) =>
      `<query xmlns="jabber:iq:roster"><item jid="${jid}"><group>${group}</group></item></query>`;
    expect(await context.ask(put("small@capulet.lit", "x"), SET)).toBe("");
    const dear = groups.map((group) => `<group>${group.replaceAll("&", "&amp;")}</group>`).join("");
    const large = `<query xmlns="jabber:iq:roster"><item jid="dear@capulet.lit">${dear}</item></query>`;
    expect(await context.ask(large, SET)).toBe("error resource-constraint wait");
    // What is there already may become smaller.
    expect(await context.ask(put("u1@capulet.lit", "x"), SET)).toBe("");
  });
});

describe("a block list", () => {
  const LIST = '<blocklist xmlns="urn:xmpp:blocking"/>';

  test("is written once, until it changes", async () => {
    let walks = 0;
    class Counted extends Set<string> {
      override [Symbol.iterator]() {
        walks++;
        return super[Symbol.iterator]();
      }
    }
    const context = new FakeContext({ modules: [blocking] });
    Object.assign(context, { blocked: new Counted(["a@b/&"]) });
    for (let i = 0; i < 20; i++) expect(await context.ask(LIST)).toContain('<item jid="a@b/&amp;"/>');
    expect(walks).toBe(1);
    Object.assign(context, { blocked: new Counted(["c@d"]) });
    expect(await context.ask(LIST)).toContain('<item jid="c@d"/>');
  });

  test("is not longer than one answer may be", async () => {
    const blocked = Array.from({ length: 390 }, (_, at) => `a@b/${at}${AMPERSANDS}`);
    const context = new FakeContext({ modules: [blocking], blocked });
    const block = (...jids: string[]) =>
      `<block xmlns="urn:xmpp:blocking">${jids.map((jid) => `<item jid="${jid}"/>`).join("")}</block>`;
    expect(await context.ask(block("x@y"), SET)).toBe("");
    const dear = Array.from({ length: 10 }, (_, at) => `c@d/${at}${"&amp;".repeat(1000)}`);
    expect(await context.ask(block(...dear), SET)).toBe("error resource-constraint wait");
  });
});

describe("private XML", () => {
  test("is set without reading what is there", async () => {
    const context = new FakeContext({ modules: [privateXml], store: fakeDocuments() });
    await context.ask('<query xmlns="jabber:iq:private"><a xmlns="x:a"/></query>', SET);
    expect(context.done("store").map(([name]) => name)).toEqual(["documentCount", "putDocument"]);
  });
});

describe("bookmarks in their older place", () => {
  const STORAGE = '<query xmlns="jabber:iq:private"><storage xmlns="storage:bookmarks"/></query>';
  const publish = (id: string, name: string) =>
    `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="urn:xmpp:bookmarks:1"><item id="${id}"><conference xmlns="urn:xmpp:bookmarks:1" name="${name}"/></item></publish></pubsub>`;
  const reads = (context: FakeContext) => context.done("store").filter(([name]) => name === "pubsubItems").length;

  test("are read from the store once, until one changes", async () => {
    const context = new FakeContext({ modules: [pep, privateXml], store: fakeDocuments() });
    await context.ask(publish("a@rooms", "A"), SET);
    const first = await context.ask(STORAGE);
    const before = reads(context);
    for (let i = 0; i < 20; i++) expect(await context.ask(STORAGE)).toBe(first);
    expect(reads(context)).toBe(before);
    await context.ask(publish("b@rooms", "B"), SET);
    expect(await context.ask(STORAGE)).toContain('name="B"');
  });

  test("are small, since a thousand of them are one answer", async () => {
    const context = new FakeContext({ modules: [pep], store: fakeDocuments() });
    expect(await context.ask(publish("a@rooms", "x".repeat(1900)), SET)).not.toContain("error");
    expect(await context.ask(publish("a@rooms", "x".repeat(2100)), SET)).toContain("error not-acceptable");
    expect(1000 * 2000).toBeLessThanOrEqual(MAX_ANSWER);
  });
});

describe("an archive query for one resource", () => {
  const total = 20_000;
  const text = '<message from="romeo@montague.lit/garden" to="juliet@capulet.lit"/>';
  let looked = 0;
  const archive = async ({ after = 0, before = total + 1, limit, take }: ArchiveQuery) => {
    const count = Math.min(limit, before - after - 1);
    const start = take === "first" ? after + 1 : before - count;
    const messages = Array.from({ length: count }, (_, at) => ({ seq: start + at, text }));
    looked += count;
    return { messages, complete: count < limit, total: undefined };
  };
  const query = (page: string) =>
    `<query xmlns="urn:xmpp:mam:2"><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>urn:xmpp:mam:2</value></field><field var="with"><value>romeo@montague.lit/attic</value></field></x><set xmlns="http://jabber.org/protocol/rsm">${page}</set></query>`;

  test.each([
    ["<max>10</max>", "last", "after"],
    ["<max>10</max><before/>", "first", "before"],
  ])("%s looks at so many rows, and says where to go on", async (page, edge, next) => {
    const context = new FakeContext({ modules: [mam], store: { archive } as never });
    looked = 0;
    const answer = await context.ask(query(page), SET);
    expect(looked).toBeLessThanOrEqual(2250);
    expect(answer).not.toContain("complete");
    const id = new RegExp(`<${edge}[^>]*>(id-\\d+)</${edge}>`).exec(answer)?.[1];
    expect(id).toBeDefined();
    const asked: ArchiveQuery[] = [];
    const spying = {
      archive: (each: ArchiveQuery) => {
        asked.push(each);
        return archive(each);
      },
    };
    const again = new FakeContext({ modules: [mam], store: spying as never });
    await again.ask(query(`<max>10</max><${next}>${id}</${next}>`), SET);
    expect(asked.some((each) => each.after !== undefined || each.before !== undefined || each.seqs !== undefined)).toBe(
      true,
    );
  });
});
