/** The program that is built in every project, and what a customer does with it. @module */
import { expect } from "bun:test";
import { type Client, client, type Element, xml } from "@xmpp/client";
import type { Program } from "../scripts/program.ts";

const ON_SIGTERM = {
  bun: (stop: string) => `process.on("SIGTERM", ${stop});`,
  deno: (stop: string) => `Deno.addSignalListener("SIGTERM", ${stop});`,
};

/** A Hono app with an XMPP server in it, over the runtime's own HTTP server. `from`: where the package is imported from. */
export function shop(runtime: keyof typeof ON_SIGTERM, from: string): string {
  return `import { type AmpactServer, createServer, type Outcome, serve } from "${from}";
import { Hono } from "hono";

const xmpp: AmpactServer = createServer({ domains: ["localhost"], store: "sqlite:data/shop.db" });
await xmpp.start();
if ((await xmpp.accounts.list()).length === 0) await xmpp.accounts.add("romeo@localhost", "secret");
const app = new Hono();
app.route("/", xmpp.app);
app.get("/", (c) => c.text("shop"));
app.post("/greet", async (c) => {
  const outcome: Outcome = await xmpp.send({ to: "romeo@localhost", body: "Good morrow" });
  return c.json(outcome);
});
const http = serve(xmpp, { port: 0, fetch: app.fetch });
console.log("port " + http.port);
${ON_SIGTERM[runtime]("stop")}

async function stop(): Promise<void> {
  await http.stop();
  await xmpp.stop();
  ${runtime === "bun" ? "process" : "Deno"}.exit(0);
}
`;
}

/** The program serves the app, and a message to a customer reaches the customer; then it stops by SIGTERM. */
export async function visit(program: Program): Promise<void> {
  try {
    const [, port] = await program.prints(/port (\d+)/);
    const url = `http://127.0.0.1:${port}`;
    expect(await (await fetch(url)).text()).toBe("shop");
    await greet(url);
    program.kill("SIGTERM");
    expect(await program.exitCode).toBe(0);
  } finally {
    program.kill("SIGKILL");
  }
}

/** A message to Romeo, who is there. */
export async function greet(url: string): Promise<void> {
  const romeo = await login(url);
  const received = stanza(romeo, "message");
  const outcome = await (await fetch(`${url}/greet`, { method: "POST" })).json();
  expect(outcome).toMatchObject({ kind: "direct" });
  expect((await received).getChildText("body")).toBe("Good morrow");
  await romeo.stop();
}

/** A server that has just taken over may not have begun yet: clients come again then, as here. */
async function login(url: string): Promise<Client> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await logIn(url);
    } catch (error) {
      if (attempts === 20 || !String(error).includes("503")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function logIn(url: string): Promise<Client> {
  const service = `${url.replace("http:", "ws:")}/xmpp-websocket`;
  const romeo = client({ service, domain: "localhost", username: "romeo", password: "secret", resource: "phone" });
  romeo.reconnect.stop();
  // What fails rejects start().
  romeo.on("error", () => {});
  await romeo.start();
  // The server echoes a presence once it counts.
  const available = stanza(romeo, "presence");
  await romeo.send(xml("presence"));
  await available;
  return romeo;
}

function stanza(romeo: Client, name: string): Promise<Element> {
  return new Promise((resolve) => {
    romeo.on("stanza", (element: Element) => {
      if (element.is(name)) resolve(element);
    });
  });
}
