/** Messages to an offline user, and their delivery. @module */
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Answers, FlushCommand, StoreCommand } from "./commands.ts";
import { DOMAIN, type Session } from "./session.ts";
import { StallError, watchStall } from "./stall.ts";

const BODY = "x".repeat(64);
const PATIENCE_MS = 30_000;

/** Resolves when the server has handled all messages. Rejects where it refuses one. */
export async function store(command: StoreCommand, senders: readonly Session[]): Promise<Answers["store"]> {
  const begun = performance.now();
  const share = Math.ceil(command.messages / senders.length);
  await Promise.all(senders.map((sender, at) => storeFor(sender, command.recipients[at]!, share, command.window)));
  return { seconds: (performance.now() - begun) / 1000 };
}

function storeFor(sender: Session, recipient: string, messages: number, window: number): Promise<void> {
  const to = `${recipient}@${DOMAIN}`;
  return new Promise((resolve, reject) => {
    let sent = 0;
    const burst = (): void => {
      if (sent >= messages) {
        unwatch();
        return resolve();
      }
      const texts: string[] = [];
      for (let i = 0; i < window && sent < messages; i++) {
        texts.push(
          xml`<message xmlns="${NS.CLIENT}" type="chat" id="s${sent++}" to="${to}"><body>${BODY}</body></message>`.text,
        );
      }
      texts.push(
        xml`<iq xmlns="${NS.CLIENT}" type="get" id="w${sent}" to="${DOMAIN}"><ping xmlns="${NS.PING}"/></iq>`.text,
      );
      sender.socket.write(Buffer.concat(texts.map((text) => sender.socket.encode(text))));
    };
    const fail = (reason: string): void => {
      unwatch();
      reject(new StallError(`Cannot store: ${reason}`));
    };
    const unwatch = watchStall(
      () => sent,
      PATIENCE_MS,
      () => fail(`${sent} of ${messages}, then nothing`),
    );
    sender.role = {
      message: (bytes, start, end) => fail(`the server answered ${bytes.toString("latin1", start, end)}`),
      answer: burst,
    };
    burst();
  });
}

/** Resolves when all that waits has come. */
export function flush(command: FlushCommand, sessions: readonly Session[]): Promise<Answers["flush"]> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    let received = 0;
    const unwatch = watchStall(
      () => received,
      PATIENCE_MS,
      () => reject(new StallError(`Cannot flush: ${received} of ${command.messages}, then nothing`)),
    );
    const role = {
      message: (): void => {
        if (++received !== command.messages) return;
        unwatch();
        resolve({ seconds: (performance.now() - begun) / 1000, received });
      },
    };
    for (const session of sessions) {
      session.role = role;
      session.enter();
    }
  });
}
