/** Tries to reach the server of a domain, and asks what it offers (XEP-0030); each step is told. Nothing else is sent. @module */
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { type DialStep, dial } from "./dial.ts";
import type { LinkParts } from "./link_parts.ts";
import { type DomainPair, OutgoingStream } from "./outgoing_stream.ts";

export type ProbeStep =
  | DialStep
  /** What the domain offers; undefined: it has answered with an error. */
  | { readonly kind: "disco"; readonly features: readonly string[] | undefined }
  /** The answer comes on a stream of the other server, where there is no XEP-0288. */
  | { readonly kind: "no-answer" };

/** Rejects with LinkError. */
export async function probeServer(
  parts: LinkParts,
  pair: DomainPair,
  onStep: (step: ProbeStep) => void,
  signal: AbortSignal,
): Promise<void> {
  const goal = { kind: "stanzas", bidi: parts.settings.bidi, skipExternal: false } as const;
  let stream: OutgoingStream | undefined;
  await dial(parts, {
    pair,
    goal,
    onStep,
    signal,
    ready: (negotiated) => {
      stream = new OutgoingStream(parts, pair, negotiated, () => {});
    },
  });
  if (stream === undefined) return;
  const answer = await ask(parts, pair, stream);
  onStep(answer === undefined ? { kind: "no-answer" } : { kind: "disco", features: featuresOf(answer) });
  stream.close();
}

/** Undefined: no answer in time. */
function ask(
  parts: LinkParts,
  { local: from, remote: to }: DomainPair,
  stream: OutgoingStream,
): Promise<Stanza | undefined> {
  const { questions, newId, schedule, settings } = parts;
  const id = newId();
  return new Promise((resolve) => {
    const stop = schedule(settings.proofMs, () => {
      questions.remove(id);
      resolve(undefined);
    });
    const answered = (answer: Stanza) => {
      stop();
      resolve(answer);
    };
    questions.add(id, { from, to, answered });
    const text = xml`<iq type="get" id="${id}" from="${from}" to="${to}"><query xmlns="${NS.DISCO_INFO}"/></iq>`.text;
    stream.sender.send({ text, proof: false, isAbandoned: () => false, done() {}, failed() {} });
  });
}

function featuresOf(answer: Stanza): readonly string[] | undefined {
  const query = answer.payload("query", NS.DISCO_INFO);
  return query?.childrenNamed("feature", NS.DISCO_INFO).map((feature) => feature.attr("var") ?? "");
}
