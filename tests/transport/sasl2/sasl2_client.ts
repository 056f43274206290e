import { createHmac } from "node:crypto";
import type { AsyncStore } from "../../../store/store.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Element } from "../../../xmpp/xml/element.ts";
import { FakeCarrier, waitFor } from "../fake_carrier.ts";
import { type FakeServices, fakeServices } from "../fake_services.ts";

export const CLIENT = "d4565fa7-4d72-4749-b3d3-740edbf87770";

type Documents = Pick<AsyncStore, "document" | "documents" | "putDocument" | "removeDocument">;

/** Documents in memory, each under owner, kind and key. */
export class FakeDocuments implements Documents {
  readonly kept = new Map<string, string>();
  /** Thrown by what writes. */
  fault: Error | undefined;

  async document(owner: string, kind: string, key: string): Promise<string | undefined> {
    return this.kept.get(`${owner} ${kind} ${key}`);
  }

  async documents(owner: string, kind: string): Promise<{ key: string; text: string }[]> {
    const prefix = `${owner} ${kind} `;
    const entries = [...this.kept].filter(([name]) => name.startsWith(prefix));
    return entries.map(([name, text]) => ({ key: name.slice(prefix.length), text }));
  }

  async putDocument(owner: string, kind: string, key: string, text: string): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    this.kept.set(`${owner} ${kind} ${key}`, text);
  }

  async removeDocument(owner: string, kind: string, key: string): Promise<boolean> {
    return this.kept.delete(`${owner} ${kind} ${key}`);
  }
}

export interface Sasl2Services extends FakeServices {
  readonly documents: FakeDocuments;
}

/** The fake services with documents, and an archive that ends where `bounds` says. */
export function sasl2Services(
  settings: Parameters<typeof fakeServices>[0] = {},
  archive?: { readonly first: number; readonly last: number },
): Sasl2Services {
  const documents = new FakeDocuments();
  const store = {
    document: documents.document.bind(documents),
    documents: documents.documents.bind(documents),
    putDocument: documents.putDocument.bind(documents),
    removeDocument: documents.removeDocument.bind(documents),
    archiveBounds: async () => archive,
  };
  const services = fakeServices(settings);
  const serverContext = {
    ...services.serverContext,
    settings: { archive: archive !== undefined },
    stanzaIds: { encode: (seq: number) => `id-of-${seq}` },
    store,
  };
  return { ...services, serverContext: serverContext as never, documents };
}

/** A client of SASL2 on a stream without a wire. */
export class Sasl2Client extends FakeCarrier {
  /** Sends the element, and waits for what the server sends next, read as elements. */
  async ask(text: string): Promise<readonly Element[]> {
    this.take();
    await this.receive(text);
    await waitFor(() => this.sent.length > 0);
    return this.take().flatMap((sent) => (sent.startsWith("<") ? [Element.parse(sent)] : []));
  }
}

export interface AuthenticateOptions {
  readonly data?: string | Uint8Array;
  readonly client?: string | undefined;
  readonly content?: string;
}

export function authenticate(mechanism: string, options: AuthenticateOptions = {}): string {
  const { data, client = CLIENT, content = "" } = options;
  const response = data === undefined ? "" : `<initial-response>${base64(data)}</initial-response>`;
  const userAgent = client === "" ? "" : `<user-agent id="${client}"><software>Test</software></user-agent>`;
  return `<authenticate xmlns="${NS.SASL2}" mechanism="${mechanism}">${response}${userAgent}${content}</authenticate>`;
}

/** PLAIN as `user`, with these elements besides. */
export function plain(content = "", client: string = CLIENT, password = "pencil"): string {
  return authenticate("PLAIN", { data: `\0user\0${password}`, client, content });
}

export function tokenLogin(token: string, fast = "", options: AuthenticateOptions = {}, mechanism = "HT-SHA-256-NONE") {
  const content = `<fast xmlns="${NS.FAST}"${fast}/>${options.content ?? ""}`;
  return authenticate(mechanism, { ...options, data: initiator("user", token), content });
}

export function initiator(user: string, token: string, binding = new Uint8Array()): Uint8Array {
  const hash = createHmac("sha256", token).update("Initiator").update(binding).digest();
  return Buffer.concat([Buffer.from(`${user}\0`), hash]);
}

export function responder(token: string, binding = new Uint8Array()): string {
  return createHmac("sha256", token).update("Responder").update(binding).digest("base64");
}

export function base64(data: string | Uint8Array): string {
  return Buffer.from(data).toString("base64");
}
