/** The BOSH sessions of one server, found by `sid`. @module */
import { randomBytes } from "node:crypto";
import type { Peer } from "../client_address.ts";
import { XmppStream } from "../stream.ts";
import { servedDomain } from "../stream_header.ts";
import type { TransportContext } from "../transport_context.ts";
import { type BoshBody, type BoshCondition, BoshError, writeBody } from "./bosh_body.ts";
import { grantParameters } from "./bosh_parameters.ts";
import { BoshSession } from "./bosh_session.ts";
import type { BoshReply } from "./held_requests.ts";

const SID_BYTES = 18;
/** The `sid` of a body, found without reading it. */
const SID = /^\s*(?:<\?xml[^>]*>\s*)?<body\s(?:[^>]*?\s)?sid\s*=\s*["']([\w-]+)["']/;

export class BoshSessionTable {
  readonly #context: TransportContext;
  readonly #sessions = new Map<string, BoshSession>();

  constructor(context: TransportContext) {
    this.#context = context;
  }

  /**
   * Hands a request to its session, or creates one. Returns the session, which knows how to answer this client. Throws
   * BoshError where there is no session to answer.
   */
  handle(body: BoshBody, peer: Peer, reply: BoshReply): BoshSession {
    if (body.sid === undefined) return this.#create(body, peer, reply);
    const session = this.#sessions.get(body.sid);
    if (session === undefined) throw new BoshError("item-not-found");
    session.request(body, reply);
    return session;
  }

  /** Whether a request belongs to an authenticated session; `head`: its beginning. */
  isIdentified(head: string): boolean {
    return this.#named(head)?.isIdentified === true;
  }

  /** Throws BoshError for a request of an unknown session, before the request is processed; `head`: its beginning. */
  checkKnown(head: string): void {
    const sid = SID.exec(head)?.[1];
    if (sid !== undefined && !this.#sessions.has(sid)) throw new BoshError("item-not-found");
  }

  /** Ends the session of a request that could not be read, and returns it; `head`: the beginning of the request. */
  failUnread(head: string, condition: BoshCondition): BoshSession | undefined {
    const session = this.#named(head);
    session?.fail(condition);
    return session;
  }

  #named(head: string): BoshSession | undefined {
    return this.#sessions.get(SID.exec(head)?.[1] ?? "");
  }

  #create(body: BoshBody, peer: Peer, reply: BoshReply): BoshSession {
    const { services, connections } = this.#context;
    if (!connections.isOpen) throw new BoshError("system-shutdown");
    const to = checkDomain(body.attributes.get("to"), services.settings.domains);
    if (!connections.admits(peer.address, peer.security.loopback)) throw new BoshError("policy-violation");
    const session: BoshSession = new BoshSession({
      sid: randomBytes(SID_BYTES).toString("base64url"),
      parameters: grantParameters(body, to, services.settings.bosh),
      peer,
      now: () => services.now(),
      schedule: (ms, task) => services.schedule(ms, task),
      createStream: (carrier) => new XmppStream(this.#context, carrier),
      staysUp: () => connections.isOpen,
      onEnd: ({ sid }) => {
        this.#sessions.delete(sid);
        connections.remove(session);
      },
    });
    this.#sessions.set(session.sid, session);
    connections.add(session);
    session.create(body, reply);
    return session;
  }
}

export function terminalBody(condition: BoshCondition): string {
  return writeBody({ type: "terminate", condition });
}

function checkDomain(to: string | undefined, domains: readonly string[]): string {
  if (!to) throw new BoshError("improper-addressing");
  const domain = servedDomain(to, domains);
  if (domain === undefined) throw new BoshError("host-unknown");
  return domain;
}
