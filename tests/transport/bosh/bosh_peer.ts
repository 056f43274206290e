import { type BoshCondition, readBody } from "../../../transport/bosh/bosh_body.ts";
import { grantParameters } from "../../../transport/bosh/bosh_parameters.ts";
import { BoshSession } from "../../../transport/bosh/bosh_session.ts";
import type { HeaderRequest } from "../../../transport/stream_header.ts";
import type { BoshSettings } from "../../../transport/stream_services.ts";
import { NS } from "../../../xmpp/ns.ts";
import { DEFAULT_XML_LIMITS, type ScannedElement } from "../../../xmpp/xml/scanned_element.ts";
import { FakeClock, SETTINGS } from "../fake_services.ts";

/** One request as its client sees it. */
export interface Exchange {
  readonly rid: number;
  /** Undefined while there is none; without the wrapper's namespace. */
  response: string | undefined;
  condition: BoshCondition | undefined;
  /** The HTTP connection breaks. */
  abandon(): void;
}

/** A BOSH client and the session it talks to; the stream behind it only keeps what it is told. */
export class BoshPeer {
  readonly clock = new FakeClock();
  readonly session: BoshSession;
  readonly created: Exchange;
  /** What the stream was told. */
  told: string[] = [];
  ended = 0;
  staysUp = true;
  /** Runs when a payload arrives. */
  onPayload: (text: string) => void = () => {};
  rid = 100;

  constructor(attributes = 'wait="60" hold="1" ver="1.6"', settings: Partial<BoshSettings> = {}) {
    const text = `to="localhost" xmlns:xmpp="${NS.XBOSH}" xmpp:version="1.0" ${attributes}`;
    const body = readBody(`<body xmlns="${NS.HTTPBIND}" rid="${this.rid}" ${text}/>`, DEFAULT_XML_LIMITS);
    this.session = new BoshSession({
      sid: "SID",
      parameters: grantParameters(body, "localhost", { ...SETTINGS.bosh, ...settings }),
      peer: { address: "192.0.2.1", security: { encrypted: true, loopback: false } },
      now: () => this.clock.now,
      schedule: this.clock.schedule,
      createStream: (carrier) => ({
        open: (header: HeaderRequest) => {
          this.told.push(`open ${header.to} ${header.version}`);
          carrier.sendHeader({ id: "stream-id", from: "localhost", to: undefined });
          carrier.send("<stream:features/>");
        },
        receive: (element: ScannedElement) => {
          this.told.push(element.text);
          this.onPayload(element.text);
        },
        prove: (token) => this.told.push(`proof ${token}`),
        finish: () => {
          this.told.push("finish");
          carrier.close();
        },
        lost: () => this.told.push("lost"),
        fail: (error) => this.told.push(`fail ${(error as { condition: string }).condition}`),
        hold: () => this.told.push("hold"),
        release: () => this.told.push("release"),
      }),
      staysUp: () => this.staysUp,
      onEnd: () => this.ended++,
    });
    this.created = this.#exchange(this.rid, (reply) => {
      this.session.create(body, reply);
      return reply;
    });
  }

  /** Sends the request with the next rid. */
  send(attributes = "", payloads = ""): Exchange {
    return this.sendAs(++this.rid, attributes, payloads);
  }

  sendAs(rid: number, attributes = "", payloads = ""): Exchange {
    const text = `<body xmlns="${NS.HTTPBIND}" xmlns:xmpp="${NS.XBOSH}" sid="SID" rid="${rid}" ${attributes}>${payloads}</body>`;
    return this.#exchange(rid, (reply) => {
      this.session.request(readBody(text, DEFAULT_XML_LIMITS), reply);
      return reply;
    });
  }

  take(): string[] {
    const told = this.told;
    this.told = [];
    return told;
  }

  #exchange(rid: number, start: (reply: (text: string, condition?: BoshCondition) => void) => typeof reply): Exchange {
    let answers = 0;
    const reply = (text: string, condition?: BoshCondition) => {
      if (++answers > 1) throw new Error(`request ${rid} was answered twice`);
      exchange.response = text.replace(` xmlns="${NS.HTTPBIND}"`, "").replace(` xmlns:stream="${NS.STREAM}"`, "");
      exchange.condition = condition;
    };
    const exchange: Exchange = {
      rid,
      response: undefined,
      condition: undefined,
      abandon: () => this.session.abandon(reply),
    };
    start(reply);
    return exchange;
  }
}

/** What is sent leaves at the end of the turn. */
export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
