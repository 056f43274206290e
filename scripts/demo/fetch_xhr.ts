/** XMLHttpRequest over fetch, as far as strophe.js uses it for BOSH: neither Bun nor Deno has one. @module */

const OPENED = 1;
const DONE = 4;

export class FetchXmlHttpRequest {
  readyState = 0;
  /** 0 where the request failed. */
  status = 0;
  responseText = "";
  responseXML: unknown = null;
  onreadystatechange: (() => void) | undefined;
  #responseHeaders = "";
  readonly #abort = new AbortController();
  readonly #headers = new Headers();
  #method = "";
  #url = "";

  open(method: string, url: string): void {
    this.#method = method;
    this.#url = url;
    this.#become(OPENED);
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.set(name, value);
  }

  send(body: string): void {
    const request = { method: this.#method, headers: this.#headers, body, signal: this.#abort.signal };
    fetch(this.#url, request)
      .then(async (response) => {
        this.responseText = await response.text();
        this.responseXML = parseXml(this.responseText);
        this.#responseHeaders = Array.from(response.headers, ([name, value]) => `${name}: ${value}\r\n`).join("");
        this.status = response.status;
      })
      // As in a browser, the caller learns of a failure by the status 0.
      .catch(() => {})
      .finally(() => this.#become(DONE));
  }

  getAllResponseHeaders(): string {
    return this.#responseHeaders;
  }

  abort(): void {
    this.#abort.abort();
  }

  #become(state: number): void {
    this.readyState = state;
    this.onreadystatechange?.();
  }
}

/** By the DOMParser that strophe.js provides. */
function parseXml(text: string): unknown {
  const { DOMParser } = globalThis as unknown as {
    readonly DOMParser: new () => { parseFromString(text: string, type: string): unknown };
  };
  return new DOMParser().parseFromString(text, "text/xml");
}

/** Makes strophe.js find it; does nothing where the runtime has its own. */
export function provideXmlHttpRequest(): void {
  const scope = globalThis as { XMLHttpRequest?: unknown };
  scope.XMLHttpRequest ??= FetchXmlHttpRequest;
}
