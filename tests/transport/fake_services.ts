import { Meters } from "../../actors/meters.ts";
import type {
  BindRequest,
  ResumeResult,
  SessionHandle,
  SessionService,
  TransportMessage,
} from "../../actors/session_service.ts";
import { createMemory } from "../../modules/memory.ts";
import type { PreAuthContext, ServerContext, ServerModule } from "../../modules/module.ts";
import type { Credentials } from "../../store/store.ts";
import type { StreamServices, StreamSettings } from "../../transport/stream_services.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import { deriveCredentials } from "../../xmpp/scram_keys.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";
import { xml } from "../../xmpp/xml/xml.ts";

/** A session that echoes every inbound element, and records what it was told. */
export class FakeSession implements SessionHandle {
  readonly told: TransportMessage[] = [];
  readonly jid: Jid;
  readonly request: BindRequest;
  /** Runs before the echo. */
  onInbound: ((text: string) => void) | undefined;

  constructor(jid: Jid, request: BindRequest) {
    this.jid = jid;
    this.request = request;
  }

  tell(message: TransportMessage): void {
    this.told.push(message);
    if (message.kind !== "inbound") return;
    this.onInbound?.(message.element.text);
    this.request.connection.send(message.element.text);
  }

  get inbound(): string[] {
    return this.told.flatMap((message) => (message.kind === "inbound" ? [message.element.text] : []));
  }

  get kinds(): string[] {
    return this.told.map(({ kind }) => kind);
  }
}

export class FakeSessions implements SessionService {
  readonly bound: FakeSession[] = [];
  /** Instead of a new session. */
  onBind: ((request: BindRequest) => SessionHandle | Promise<SessionHandle>) | undefined;
  onResume: ((request: Parameters<SessionService["resume"]>[0]) => Promise<ResumeResult>) | undefined;

  hold(): void {}

  handle(): void {}

  turnOver(): void {}

  bind(request: BindRequest): SessionHandle | Promise<SessionHandle> {
    if (this.onBind !== undefined) return this.onBind(request);
    const session = new FakeSession(request.account.withResource(request.resource ?? "chosen"), request);
    this.bound.push(session);
    return session;
  }

  async resume(request: Parameters<SessionService["resume"]>[0]): Promise<ResumeResult> {
    return this.onResume?.(request) ?? { kind: "unknown", h: undefined };
  }

  get last(): FakeSession {
    return this.bound.at(-1)!;
  }
}

/** A clock that moves when told, and the tasks that wait for it. */
export class FakeClock {
  now = 1_000_000;
  #tasks: { at: number; task: () => void }[] = [];

  readonly schedule = (ms: number, task: () => void): (() => void) => {
    const entry = { at: this.now + ms, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  };

  get waiting(): number {
    return this.#tasks.length;
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#tasks = this.#tasks.filter((other) => other !== next);
      this.now = Math.max(this.now, next.at);
      next.task();
    }
    this.now = end;
  }
}

export const SETTINGS: StreamSettings = {
  domains: ["localhost", "example.org"],
  plainWithoutTls: "loopback",
  anonymous: false,
  maxAttempts: 3,
  scramRounds: 10_000,
  xmlLimits: DEFAULT_XML_LIMITS,
  strangerStanzaBytes: 16_384,
  negotiationMs: 60_000,
  failedLogins: { perAddressMinute: 0, perAddressAndAccountMinute: 0, perAccountHour: 0 },
  registrationsPerHour: 0,
  connectionsPerAddress: 0,
  uploadsPerAddress: 0,
  proxyProtocol: false,
  allowedOrigins: [],
  trustedProxies: [],
  bosh: { waitMax: 60, holdMax: 1, requests: 2, inactivity: 30, polling: 5, pauseMax: 120 },
};

const PASSWORD = "pencil";
const credentials: Promise<Credentials> = deriveCredentials(PASSWORD);

const FEATURES = { bind: xml`<sm xmlns="${NS.SM}"/>`, auth: xml`<register xmlns="urn:test"/>` };

const FEATURE: ServerModule = {
  name: "feature",
  xeps: [],
  preAuthIq: { "get jabber:iq:register query": () => undefined },
};

export interface FakeServices extends StreamServices {
  readonly sessions: FakeSessions;
  readonly clock: FakeClock;
}

/** Accounts `user` and `juliet` at every domain, with the password `pencil`. */
export function fakeServices(settings: Partial<StreamSettings> = {}, real = false): FakeServices {
  const clock = new FakeClock();
  let ids = 0;
  return {
    settings: { ...SETTINGS, ...settings },
    registry: {
      modules: [FEATURE],
      streamFeatures: (stage) => [FEATURES[stage]],
      answerPreAuth: (stanza: Stanza, context: PreAuthContext) => {
        try {
          context.countRegistration();
          return stanza.result();
        } catch (error) {
          if (error instanceof StanzaError) return stanza.error(error);
          throw error;
        }
      },
    },
    serverContext: { serverMemory: createMemory() } as ServerContext,
    sessions: new FakeSessions(),
    clock,
    log: SILENT_LOG,
    meters: new Meters(),
    secret: new Uint8Array(16),
    credentials: async (account) => (["user", "juliet"].includes(account.local) ? credentials : undefined),
    now: () => (real ? Date.now() : clock.now),
    newId: () => `id${++ids}`,
    schedule: (ms, task) => {
      if (!real) return clock.schedule(ms, task);
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  };
}

export const USER = Jid.parse("user@localhost");

export function plainAuth(user: string, password = PASSWORD): string {
  return `<auth xmlns="${NS.SASL}" mechanism="PLAIN">${btoa(`\0${user}\0${password}`)}</auth>`;
}

export function bindIq(resource = "r"): string {
  return `<iq xmlns="jabber:client" type="set" id="b"><bind xmlns="${NS.BIND}"><resource>${resource}</resource></bind></iq>`;
}
