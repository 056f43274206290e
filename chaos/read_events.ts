/** Server-sent events with an id: WHATWG HTML section 9.2. @module */

export interface ServerEvent {
  readonly id: string;
  readonly data: string;
}

/** A cut event at the end is left out, as are comments. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncIterableIterator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = eventOf(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(text: string): ServerEvent | undefined {
  const fields = new Map(
    text.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const [id, data] = [fields.get("id"), fields.get("data")];
  return id === undefined || data === undefined ? undefined : { id, data };
}
