/**
 * All streams of components. What is for a component goes over the newest of its streams, so that a component that comes back gets it even
 * where its old connection has not been found dead yet, and so that its stanzas keep their order; the others stay, and take over when the newest ends.
 * @module
 */
import type { Socket } from "node:net";
import { LinkError, type Links, type SendOptions } from "../../destinations/federation/links.ts";
import { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { AddressCount } from "../address_count.ts";
import { UNKNOWN_ADDRESS } from "../client_address.ts";
import { OpenQuestions } from "../s2s/open_questions.ts";
import { serverText } from "../s2s/server_stanza.ts";
import { Wire, type WireEvents } from "../s2s/wire.ts";
import { componentOf } from "./component_settings.ts";
import { type ComponentHost, type ComponentParts, ComponentStream } from "./component_stream.ts";

export interface ComponentLinksParts extends Omit<ComponentParts, "questions"> {
  /** That component is there again. */
  readonly joined: (domain: string) => void;
}

/** Longest wait for the ends of the streams. */
const CLOSING_MS = 1000;

export class ComponentLinks implements Links, ComponentHost {
  readonly #parts: ComponentLinksParts & ComponentParts;
  readonly #streams = new Set<ComponentStream>();
  /** Those that are authenticated, by component, the newest last. */
  readonly #joined = new Map<string, ComponentStream[]>();
  readonly #strangers: AddressCount;
  #strangerCount = 0;
  #isClosed = false;
  #onEmpty: () => void = () => {};

  constructor(parts: ComponentLinksParts) {
    this.#parts = { ...parts, questions: new OpenQuestions() };
    this.#strangers = new AddressCount(parts.settings.strangersPerAddress);
  }

  /** Domains of the components that are there. */
  get connected(): readonly string[] {
    return [...this.#joined.keys()];
  }

  // Links

  send(stanza: Stanza, { proof, signal }: SendOptions): Promise<void> {
    const { domain } = stanza.to!;
    const component = componentOf(domain, this.#parts.settings);
    const newest = component === undefined ? undefined : this.#joined.get(component)?.at(-1);
    if (newest === undefined) {
      return Promise.reject(new LinkError("unreachable", `Cannot send: the component ${domain} is not connected`));
    }
    return new Promise((done, failed) => {
      const isAbandoned = () => signal?.aborted === true;
      newest.send({ text: serverText(stanza), proof, isAbandoned, done, failed });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stream of [...this.#streams]) stream.close(new StreamError("system-shutdown"));
    if (this.#streams.size === 0) return;
    await new Promise<void>((resolve) => {
      const stop = this.#parts.schedule(CLOSING_MS, resolve);
      this.#onEmpty = () => {
        stop();
        resolve();
      };
    });
  }

  // ComponentHost

  joined(stream: ComponentStream): void {
    const { domain, address } = stream;
    this.#noStranger(stream);
    const streams = this.#joined.get(domain) ?? [];
    streams.push(stream);
    this.#joined.set(domain, streams);
    this.#parts.log.info("component connected", { domain, address });
    if (streams.length > this.#parts.settings.streamsPerComponent) {
      streams[0]!.close(new StreamError("conflict", { text: "The component has too many streams" }));
    }
    this.#parts.joined(domain);
  }

  left(stream: ComponentStream, isStranger: boolean, reason: string): void {
    if (!this.#streams.delete(stream)) return;
    const { domain, address } = stream;
    if (isStranger) {
      this.#noStranger(stream);
      this.#parts.log.info("component not accepted", { domain, address, reason });
    } else {
      this.#forget(stream);
      this.#parts.log.info("component disconnected", { domain, address, reason });
    }
    if (this.#streams.size === 0) this.#onEmpty();
  }

  #forget(stream: ComponentStream): void {
    const others = this.#joined.get(stream.domain)!.filter((other) => other !== stream);
    if (others.length === 0) this.#joined.delete(stream.domain);
    else this.#joined.set(stream.domain, others);
  }

  /** Serves a component on a connection that it has made. */
  accept(socket: Socket): void {
    const { settings, schedule, log } = this.#parts;
    const address = socket.remoteAddress ?? UNKNOWN_ADDRESS;
    const refusal = this.#refusal(address);
    const limits = { ...settings.xmlLimits, maxBytes: settings.strangerBytes };
    const makeWire = (events: WireEvents) => new Wire({ socket, content: NS.COMPONENT, limits, schedule, log }, events);
    const stream = new ComponentStream(this.#parts, this, makeWire);
    this.#streams.add(stream);
    this.#strangerCount++;
    this.#strangers.add(address);
    if (refusal === undefined) stream.start();
    else stream.close(refusal);
  }

  #refusal(address: string): StreamError | undefined {
    const { strangers } = this.#parts.settings;
    if (this.#isClosed) return new StreamError("system-shutdown");
    const isFull = strangers > 0 && this.#strangerCount >= strangers;
    if (isFull) return new StreamError("resource-constraint", { text: "Too many streams that are not authenticated" });
    if (this.#strangers.hasRoom(address)) return undefined;
    return new StreamError("policy-violation", { text: "Too many streams of this address" });
  }

  #noStranger({ address }: ComponentStream): void {
    this.#strangerCount--;
    this.#strangers.remove(address);
  }
}
