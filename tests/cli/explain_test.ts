import { describe, expect, test } from "bun:test";
import { parseCommand, UsageError } from "../../cli/command_line.ts";
import { runExplainRequest } from "../../cli/explain_command.ts";
import { readMessage } from "../../cli/read_message.ts";
import { runTraceRequest } from "../../cli/trace_command.ts";
import { createServer } from "../../mod.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

describe("explain, as it is typed", () => {
  test("reads a message by its options", () => {
    const args = ["--to", "a@b", "--rule", "deliver=stored:notify", "--json", "--body", "hi", "--type", "normal"];
    const at = ["--rule", "expire-at=2026-12-24T20:00:00Z:drop", "--from", "c@d/e"];
    expect(parseCommand(["explain", ...args, ...at])).toEqual({
      kind: "explain",
      request: {
        json: true,
        message: {
          to: "a@b",
          from: "c@d/e",
          type: "normal",
          body: "hi",
          rules: [
            { condition: "deliver", value: "stored", action: "notify" },
            { condition: "expire-at", value: "2026-12-24T20:00:00Z", action: "drop" },
          ],
        },
      },
    });
  });

  test("without a message means standard input", () => {
    expect(parseCommand(["explain"])).toEqual({ kind: "explain", request: { message: undefined, json: false } });
    expect(parseCommand(["explain", "--json"])).toMatchObject({ request: { message: undefined, json: true } });
  });

  test.each([
    [["explain", "--body", "x"], "Cannot run explain: expected --to ADDRESS, or a message on standard input"],
    [["explain", "--to"], "Cannot run explain: the value of --to is missing"],
    [["explain", "--to", "a", "--to", "b"], "Cannot run explain: --to is given twice"],
    [["explain", "a@b"], 'Cannot run explain: there is no option "a@b"'],
    [["explain", "--to", "a", "--type", "error"], "Cannot run explain: the type is not one of chat, normal, headline"],
    [["explain", "--to", "a", "--rule", "x"], 'Cannot run explain: "x" is not CONDITION=VALUE:ACTION'],
    [["trace"], "Cannot run trace: the id of the message is missing"],
    [["trace", "--key"], "Cannot run trace: the key is missing"],
    [["trace", "a", "b"], "Cannot run trace: too many arguments"],
  ])("%p is refused: %s", (args, line) => {
    expect(() => parseCommand(args)).toThrow(new UsageError(line));
  });

  test("trace takes an id or a key", () => {
    expect(parseCommand(["trace", "m1", "--json"])).toMatchObject({ request: { message: "m1", json: true } });
    expect(parseCommand(["trace", "--key", "invoice 7"])).toMatchObject({ request: { message: { key: "invoice 7" } } });
  });
});

describe("readMessage()", () => {
  test("takes a stanza with or without its namespace", () => {
    const inner = "<body>a &lt; b</body>";
    for (const ns of ["", " xmlns='jabber:client'"]) {
      expect(readMessage(`\n<message${ns} to="a@b" from="c@d/e" type="chat">${inner}</message>\n`)).toEqual({
        to: "a@b",
        from: "c@d/e",
        type: "chat",
        xml: inner,
      });
    }
    expect(readMessage("<message to='a@b'/>")).toEqual({ to: "a@b", type: "normal", xml: "" });
  });

  test.each([
    ["", "Cannot read XML"],
    ["<message to='a@b'>", "Cannot read XML"],
    ["<message to='a@b'/><message/>", "Cannot read XML"],
    ["<!DOCTYPE x><message to='a@b'/>", "Cannot read XML"],
    ["<iq to='a@b'/>", "Cannot explain iq: only messages are explained"],
    ["<message/>", "Cannot explain message: it has no attribute to"],
    ["<message to='@'/>", "Cannot read message: jid-malformed"],
    ["<message xmlns='urn:x' to='a@b'/>", "Cannot read message: invalid-namespace"],
    ["<message to='a@b' type='groupchat'/>", "Cannot run explain: the type is not one of"],
  ])("refuses %s", (text, line) => {
    expect(() => readMessage(text)).toThrow(line);
  });
});

test("the running server explains a message and traces it", async () => {
  const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG });
  await server.start();
  await server.accounts.add("juliet@localhost", "x");
  const message = readMessage(
    '<message to="juliet@localhost" type="chat"><body>hi</body><amp xmlns="http://jabber.org/protocol/amp">' +
      '<rule condition="deliver" value="stored" action="notify"/></amp></message>',
  );
  expect(await runExplainRequest(server, { kind: "explain", message, json: false })).toEqual([
    "plan     stored: nobody is there who takes it, so that it is stored",
    "rule 1   deliver=stored (notify): met; the action for the message is stored",
    "action   notify",
    "outcome  stored",
  ]);
  const [told] = await runExplainRequest(server, { kind: "explain", message: { to: "juliet@localhost" }, json: true });
  expect(JSON.parse(told!)).toMatchObject({ rules: [], action: "default" });

  const sent = server.send({ to: "juliet@localhost", body: "hi" }, { key: "k" });
  await sent;
  const drawn = await runTraceRequest(server, { kind: "trace", message: { key: "k" }, json: false });
  expect(drawn.join("\n")).toContain("stored");
  const [json] = await runTraceRequest(server, { kind: "trace", message: sent.id, json: true });
  expect(JSON.parse(json!)).toMatchObject({ id: sent.id, key: "k", to: "juliet@localhost" });
  expect(await runTraceRequest(server, { kind: "trace", message: "x", json: true }).catch(String)).toBe(
    "Error: Cannot trace message: there is no timeline of it",
  );
  await server.stop();
});
