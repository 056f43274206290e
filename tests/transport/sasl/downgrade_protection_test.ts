import { describe, expect, test } from "bun:test";
import { offerHash, offerText } from "../../../transport/sasl/downgrade_protection.ts";
import { plain } from "../../../transport/sasl/plain.ts";
import { scram, scramPlus } from "../../../transport/sasl/scram.ts";
import { NS } from "../../../xmpp/ns.ts";
import { FakeCarrier, waitFor } from "../fake_carrier.ts";
import { fakeServices } from "../fake_services.ts";
import { scramFinal } from "../sasl2/scram_client.ts";

const BINDINGS = new Map([
  ["tls-server-end-point", new Uint8Array(32)],
  ["tls-exporter", new Uint8Array(32)],
]);

describe("offerText() and offerHash()", () => {
  test("make what the example of XEP-0474 section 5.3 has", () => {
    const text = offerText([scramPlus("SHA-1"), scram("SHA-1")], BINDINGS);
    expect(text).toBe("SCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1ftls-exporter\x1etls-server-end-point");
    expect(offerHash("SHA-1", text)).toBe("G6k/rBLDqgOhRRaCuuatSDFkJ08=");
  });

  test("have no list of bindings where none was sent", () => {
    expect(offerText([scram("SHA-256"), plain], new Map())).toBe("PLAIN\x1eSCRAM-SHA-256");
    expect(offerText([scram("SHA-256"), plain], undefined)).toBe("PLAIN\x1eSCRAM-SHA-256");
  });
});

describe.each([
  [NS.SASL, (data: string) => `<auth xmlns="${NS.SASL}" mechanism="SCRAM-SHA-256">${data}</auth>`],
  [
    NS.SASL2,
    (data: string) =>
      `<authenticate xmlns="${NS.SASL2}" mechanism="SCRAM-SHA-256"><initial-response>${data}</initial-response></authenticate>`,
  ],
])("SCRAM in %s", (ns, begin) => {
  test("hashes the mechanisms and bindings of this profile as the client has got them, and its proof covers the hash", async () => {
    const client = new FakeCarrier(fakeServices());
    client.security = { encrypted: true, loopback: false, channelBindings: BINDINGS };
    client.open();
    const features = client.take().join();
    const list = new RegExp(`<(mechanisms|authentication) xmlns="${ns}">((?:<mechanism>.*?</mechanism>)+)`).exec(
      features,
    );
    const names = [...list![2]!.matchAll(/<mechanism>(.*?)</g)].map(([, name]) => name!);
    const types = [...features.matchAll(/<channel-binding type="(.*?)"/g)].map(([, type]) => type!);
    expect(types.length).toBe(2);
    await client.receive(begin(btoa("n,,n=user,r=abc")));
    await waitFor(() => client.sent.length > 0);
    const challenge = atob(/>(.*)</.exec(client.take()[0]!)![1]!);
    const expected = offerHash("SHA-256", `${names.sort().join("\x1e")}\x1f${types.sort().join("\x1e")}`);
    expect(challenge).toEndWith(`,h=${expected}`);
    const { final } = scramFinal("n=user,r=abc", challenge);
    await client.receive(`<response xmlns="${ns}">${btoa(final)}</response>`);
    await waitFor(() => client.sent.length > 0);
    expect(client.sent[0]).toStartWith("<success ");
  });
});
