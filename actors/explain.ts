/** Asks what would become of a message, and, where it is forwarded, the address that it would come to. @module */
import type { Outcome } from "../amp/outcome.ts";
import type { RuleState } from "../amp/rule_state.ts";
import { Jid } from "../xmpp/jid.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import { isDeclined, isRuled } from "./delivery/flight/on_hop.ts";
import { envelope } from "./envelope.ts";
import type { Finding } from "./finding.ts";
import type { Node } from "./node.ts";
import type { Waiters } from "./waiters.ts";

export interface Explained {
  readonly finding: Finding;
  /** Undefined: nothing tells what the destination does. */
  readonly outcome: Outcome | undefined;
}

type Ask = (asked: Envelope, forward: boolean) => void;

/** Time within which an answer comes, milliseconds: a server that has stopped gives none. */
const ANSWER_MS = 10_000;

/** Rejects where no answer comes. */
export async function explain(
  node: Node,
  waiters: Waiters,
  ask: Ask,
  stanza: Stanza,
  via: readonly Jid[] = [],
  rules?: RuleState,
): Promise<Explained> {
  const asking = (forward: boolean) =>
    answerTo(node, waiters, (replyTo) => {
      ask(envelope(stanza, { via, rules, replyTo }), forward);
    });
  const finding = await asking(true);
  if (finding.kind !== "judged" || finding.verdict.kind !== "default" || finding.plan.kind !== "forward") {
    return { finding, outcome: outcomeOf(finding) };
  }
  const to = Jid.parse(finding.plan.to);
  const hop = await explain(node, waiters, ask, stanza.readdress({ to }), [...via, stanza.to!.bare], finding.carried);
  if (!isDeclined(hop.outcome)) return { finding, outcome: isRuled(hop.outcome) ? hop.outcome : finding.outcome };
  const instead = await asking(false);
  return { finding: instead, outcome: outcomeOf(instead) };
}

function outcomeOf(finding: Finding): Outcome | undefined {
  switch (finding.kind) {
    case "refused":
      return { kind: "none", condition: finding.condition };
    case "ended":
    case "judged":
      return finding.outcome;
    case "unknown":
      return undefined;
    default:
      return finding satisfies never;
  }
}

function answerTo(node: Node, waiters: Waiters, ask: (replyTo: Envelope["replyTo"]) => void): Promise<Finding> {
  return new Promise((resolve, reject) => {
    const ticket = waiters.add((letter) => {
      if (letter.kind !== "explained") return;
      done();
      resolve(letter.finding);
    });
    const cancel = node.schedule(ANSWER_MS, () => {
      waiters.remove(ticket);
      reject(new Error("Cannot explain message: no answer came"));
    });
    const done = () => {
      waiters.remove(ticket);
      cancel();
    };
    ask({ to: { kind: "waiter", process: node.peers.own }, ticket, waits: true });
  });
}
