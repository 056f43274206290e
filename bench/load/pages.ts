/** Pages of an archive: XEP-0313 section 4, XEP-0059. @module */
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Answers, PagesCommand } from "./commands.ts";
import { quantiles } from "./quantiles.ts";
import type { Session } from "./session.ts";

const PATIENCE_MS = 60_000;

/** Rejects where a page is an error. */
export async function readPages(command: PagesCommand, session: Session): Promise<Answers["pages"]> {
  const begun = performance.now();
  const waits: number[] = [];
  let messages = 0;
  for (let page = 0; page < command.pages; page++) {
    const asked = performance.now();
    messages += await readPage(command, session, `page${page}`);
    waits.push(performance.now() - asked);
  }
  return { seconds: (performance.now() - begun) / 1000, messages, wait: quantiles(waits) };
}

/** How many messages came. */
function readPage({ size, after }: PagesCommand, session: Session, id: string): Promise<number> {
  const place = after === undefined ? xml`<before/>` : xml`<after>${after}</after>`;
  const query = xml`<query xmlns="${NS.MAM}" queryid="${id}"><set xmlns="${NS.RSM}"><max>${size}</max>${place}</set></query>`;
  return new Promise((resolve, reject) => {
    let messages = 0;
    const timer = setTimeout(
      () => reject(new Error(`Cannot read page: ${messages} messages, then nothing`)),
      PATIENCE_MS,
    );
    session.role = {
      message: () => {
        messages++;
      },
      answer: (answered, text) => {
        if (answered !== id) return;
        clearTimeout(timer);
        if (/ type=["']error["']/.test(text)) reject(new Error(`Cannot read page: ${text}`));
        else resolve(messages);
      },
    };
    session.socket.send(xml`<iq xmlns="${NS.CLIENT}" type="set" id="${id}">${query}</iq>`.text);
  });
}
