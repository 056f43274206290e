import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skipReason, TEST_TOOLS } from "../../scripts/install_test_tools/test_tool.ts";
import { DOMAIN, type NativeServer, PASSWORD, startNativeServer } from "./native_server.ts";
import { Terminal } from "./terminal.ts";

setDefaultTimeout(20_000);

const ROMEO = `romeo@${DOMAIN}`;
const JULIET = `juliet@${DOMAIN}`;

const missing = skipReason(TEST_TOOLS.profanity, TEST_TOOLS.tmux);
if (missing !== undefined) test.skip(`profanity in a terminal ${missing}`, () => {});
else describe("profanity in a terminal", profanity);

function profanity(): void {
  let server: NativeServer;
  let home: string;
  const terminals: Terminal[] = [];

  beforeAll(async () => {
    server = await startNativeServer(["romeo", "juliet"]);
    home = await mkdtemp(join(tmpdir(), "ampact-profanity-"));
  });

  afterAll(async () => {
    for (const terminal of terminals) terminal.close();
    await server?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const open = async (jid: string): Promise<Terminal> => {
    const folder = join(home, jid);
    await writeAccount(folder, jid, server.startTlsPort);
    const terminal = new Terminal(TEST_TOOLS.tmux.find()!, folder, [TEST_TOOLS.profanity.find()!, "-a", jid], {
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_DATA_HOME: join(folder, "data"),
    });
    terminals.push(terminal);
    return terminal;
  };

  test("logs in over STARTTLS, and a message is read by the other", async () => {
    const [romeo, juliet] = await Promise.all([open(ROMEO), open(JULIET)]);
    await Promise.all([romeo.shows("logged in successfully"), juliet.shows("logged in successfully")]);
    expect(server.server.sessionCount).toBe(2);
    romeo.enter(`/msg ${JULIET} She speaks!`);
    await romeo.shows("me: She speaks!");
    await juliet.shows("<< chat message:");
    juliet.enter(`/msg ${ROMEO} O Romeo, Romeo!`);
    await romeo.shows("O Romeo, Romeo!");
    await romeo.shows("[TLS]");
  });
}

/** An account whose certificate need not be known. */
async function writeAccount(folder: string, jid: string, port: number): Promise<void> {
  const accounts = join(folder, "data", "profanity");
  await mkdir(accounts, { recursive: true });
  const settings = { enabled: true, jid, server: "127.0.0.1", port, "tls.policy": "trust", password: PASSWORD };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  await writeFile(join(accounts, "accounts"), [`[${jid}]`, ...lines, ""].join("\n"));
}
