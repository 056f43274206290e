/** The listener for components as a program, which Deno runs too: one JSON line a command from standard input, one a fact. @module */
import { createInterface } from "node:readline";
import { ComponentEnd } from "./component_end.ts";

const end = await ComponentEnd.start();
const tell = (fact: object) => process.stdout.write(`${JSON.stringify(fact)}\n`);
tell({ port: end.port });
for await (const line of createInterface({ input: process.stdin })) {
  const { send } = JSON.parse(line);
  if (send === undefined) break;
  await end.sends(send).then(
    () => tell({ proved: send, received: end.received.map(String) }),
    (error) => tell({ failed: send, message: error.message }),
  );
}
await end.stop();
process.exit(0);
