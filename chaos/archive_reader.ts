/** Pages through the own archive: XEP-0313 section 4, XEP-0059. @module */
import { NS } from "../xmpp/ns.ts";
import type { Element } from "../xmpp/xml/element.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { ChaosSession } from "./chaos_session.ts";
import { jidOf } from "./places.ts";

export interface ArchivedCopy {
  /** The id attribute of the message. */
  readonly message: string;
  readonly stanzaId: string;
  /** Bare JIDs' local parts. */
  readonly from: string;
  readonly to: string;
}

const PAGE = 200;
const PAGE_MS = 5000;

/**
 * Reads from after `after` to the end; `take` gets each copy on arrival. Returns the last id. Rejects when a request
 * fails.
 */
export async function readArchive(
  session: ChaosSession,
  after: string | undefined,
  take: (copy: ArchivedCopy) => void,
): Promise<string | undefined> {
  let last = after;
  session.onArchived = (result) => take(readCopy(result));
  for (;;) {
    const fin = await page(session, last);
    last = fin.child("set", NS.RSM)?.child("last", NS.RSM)?.text || last;
    if (fin.attr("complete") === "true") return last;
  }
}

function page(session: ChaosSession, after: string | undefined): Promise<Element> {
  const set = xml`<set xmlns="${NS.RSM}"><max>${PAGE}</max>${after !== undefined && xml`<after>${after}</after>`}</set>`;
  const owner = jidOf(session.identity.user);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Cannot read archive: no answer")), PAGE_MS);
    session.ask("set", owner, xml`<query xmlns="${NS.MAM}">${set}</query>`, (reply) => {
      clearTimeout(timer);
      const fin = reply.child("fin", NS.MAM);
      if (fin === undefined) reject(new Error(`Cannot read archive: ${reply}`));
      else resolve(fin);
    });
  });
}

function readCopy(result: Element): ArchivedCopy {
  const message = result.child("forwarded", NS.FORWARD)?.child("message", NS.CLIENT);
  const local = (name: string) => message?.attr(name)?.split("@")[0] ?? "";
  const [from, to] = [local("from"), local("to")];
  return { message: message?.attr("id") ?? "", stanzaId: result.attr("id") ?? "", from, to };
}
