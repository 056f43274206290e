/**
 * Tells the protocol modules of messages. What all of them want of a message is done after the last was told. A module's failure
 * is its own: it is logged, and the message goes on as if the module had said nothing.
 * @module
 */
import type { Outcome } from "../../amp/outcome.ts";
import type { Effect } from "../../modules/effect.ts";
import type { ListedPhase, PhaseName } from "../../modules/message_phases.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { SessionId } from "../address.ts";
import { type Logged, MessageView, type PhaseHost } from "./message_view.ts";
import type { Tracked } from "./tracked.ts";

/** What the account's client sends, as it goes on, or why it does not. */
export function outgoing(host: PhaseHost, sent: Stanza): Stanza | StanzaError {
  const { outgoing } = host.node.registry.phases;
  let stanza = sent;
  for (let i = 0; i < outgoing.length; i++) {
    const phase = outgoing[i]!;
    try {
      const said = phase.run(stanza, host.account);
      if (said instanceof StanzaError) return said;
      stanza = stanzaOr(said, stanza);
    } catch (error) {
      failed(host, "outgoing", phase, error);
    }
  }
  return stanza;
}

export function incoming(host: PhaseHost, come: Stanza): Stanza {
  const { incoming } = host.node.registry.phases;
  let stanza = come;
  for (let i = 0; i < incoming.length; i++) {
    const phase = incoming[i]!;
    try {
      stanza = stanzaOr(phase.run(stanza, host.account), stanza);
    } catch (error) {
      failed(host, "incoming", phase, error);
    }
  }
  return stanza;
}

/** `form`: of that message, for devices. */
export function shown(host: PhaseHost, message: Logged, form: Stanza): Stanza {
  const { shown } = host.node.registry.phases;
  if (shown.length === 0) return form;
  const view = new MessageView(host, message, form);
  for (let i = 0; i < shown.length; i++) {
    const phase = shown[i]!;
    try {
      view.stanza = stanzaOr(phase.run(view, host.account), view.stanza);
    } catch (error) {
      failed(host, "shown", phase, error);
    }
  }
  return view.stanza;
}

export function sent(host: PhaseHost, message: Logged): void {
  const { sent } = host.node.registry.phases;
  if (sent.length === 0) return;
  const view = new MessageView(host, message, message.stanza);
  fulfil(
    host,
    gather(host, "sent", sent, (phase) => phase.run(view, host.account)),
    undefined,
  );
}

/** Returns the sessions that got a copy, which need nothing else of it; undefined: none did. */
export function offered(
  host: PhaseHost,
  message: Logged,
  resources: readonly string[],
): readonly SessionId[] | undefined {
  const { offered } = host.node.registry.phases;
  if (offered.length === 0) return undefined;
  const view = new MessageView(host, message, message.stanza);
  const effects = gather(host, "offered", offered, (phase) => phase.run(view, resources, host.account));
  return fulfil(host, effects, message.stanza);
}

export function settled(host: PhaseHost, tracked: Tracked, outcome: Outcome): void {
  const { settled } = host.node.registry.phases;
  if (settled.length === 0 || tracked.flight.notice) return;
  const view = new MessageView(host, tracked, tracked.stanza);
  const effects = gather(host, "settled", settled, (phase) => phase.run(view, outcome, host.account));
  fulfil(host, effects, tracked.stanza);
}

const NOTHING: readonly Effect[] = [];

function gather<Name extends PhaseName>(
  host: PhaseHost,
  name: Name,
  phases: readonly ListedPhase<Name>[],
  run: (phase: ListedPhase<Name>) => readonly Effect[] | undefined,
): readonly Effect[] {
  let effects = NOTHING;
  for (const phase of phases) {
    try {
      const more = run(phase);
      if (more !== undefined && !Array.isArray(more))
        throw new Error("Cannot use what the module returns: it is no list");
      if (more !== undefined) effects = effects.length === 0 ? more : [...effects, ...more];
    } catch (error) {
      failed(host, name, phase, error);
    }
  }
  return effects;
}

/** `of`: what somebody else has sent, if the effects are about that. */
function fulfil(host: PhaseHost, effects: readonly Effect[], of: Stanza | undefined): readonly SessionId[] | undefined {
  if (effects.length === 0) return undefined;
  const ofStranger = of !== undefined && host.isStranger(of.from!);
  const copied: SessionId[] = [];
  for (const effect of effects) {
    try {
      const session = carryOutOne(host, effect, ofStranger);
      if (session !== undefined) copied.push(session);
    } catch (error) {
      host.node.log.error("effect of a module failed", { effect: effect.kind, account: host.owner.text, error });
    }
  }
  return copied.length === 0 ? undefined : copied;
}

/** Returns the session that got a copy. */
function carryOutOne(host: PhaseHost, effect: Effect, ofStranger: boolean): SessionId | undefined {
  const { stanza } = effect;
  if (!(stanza instanceof Stanza) || (effect.kind === "route" && stanza.to === undefined)) {
    throw new Error(`Cannot carry out effect ${effect.kind}: it has no stanza with an address`);
  }
  if (effect.kind === "route") return void host.node.route(stanza);
  const entry = host.resource(effect.resource);
  if (entry === undefined) return undefined;
  host.tellSession(entry.session, { kind: "deliver", stanza, seq: 0, ofStranger });
  return effect.isCopy === true ? entry.session : undefined;
}

/** A phase says nothing, or a stanza. Throws for anything else. */
function stanzaOr<Other>(said: Stanza | undefined, other: Other): Stanza | Other {
  if (said === undefined) return other;
  if (said instanceof Stanza) return said;
  if ((said as unknown) instanceof Promise) (said as Promise<unknown>).catch(() => {});
  throw new Error("Cannot use what the module returns: it is no stanza");
}

function failed({ node, owner }: PhaseHost, phase: PhaseName, { module }: ListedPhase, error: unknown): void {
  node.log.error("message phase failed", { module, phase, account: owner.text, error });
}
