/**
 * One end of the streams between servers as a program, which Deno runs too. Reads one JSON line a command from standard input, writes one a fact.
 * @module
 */
import { createInterface } from "node:readline";
import { Stanza } from "../../../xmpp/stanza.ts";
import { LinkEnd, TestDns } from "./link_end.ts";

const [given = "{}"] = process.argv.slice(2);
const { domain, certificate, ca, settings, direct } = JSON.parse(given);
const dns = new TestDns();
const end = new LinkEnd({ domains: [domain], dns, certificate, ca, settings });
const tell = (fact: object) => process.stdout.write(`${JSON.stringify(fact)}\n`);
end.handle = (stanza, handled) => {
  end.answerPing(stanza);
  if (stanza.name !== "iq") tell({ received: stanza.toString() });
  handled();
};
tell({ port: await end.listen(direct) });
for await (const line of createInterface({ input: process.stdin })) {
  const { put, send, stop } = JSON.parse(line);
  if (put !== undefined) dns.put(put.domain, put.port, put.direct);
  if (send !== undefined) {
    end.s2s.links.send(Stanza.parse(send), { proof: true }).then(
      () => tell({ proved: send }),
      (error) => tell({ failed: send, fault: error.fault, message: error.message }),
    );
  }
  if (stop === true) {
    tell({ report: end.s2s.links.report() });
    await end.stop();
    process.exit(0);
  }
}
