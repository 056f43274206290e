import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { TestAuthority } from "../../../chaos/test_authority.ts";
import type { S2sSettings } from "../../../transport/s2s/s2s_settings.ts";
import type { CertificatePem } from "../../../transport/tcp/tls_certificate.ts";
import { LinkEnd, TestDns, until } from "./link_end.ts";

const authority = new TestAuthority();
const certificates: Record<string, CertificatePem> = {};
let ends: LinkEnd[] = [];

beforeAll(() => {
  for (const domain of ["a.lab", "b.lab"]) certificates[domain] = authority.issue(domain);
});
afterEach(async () => {
  await Promise.all(ends.map((end) => end.stop()));
  ends = [];
});
afterAll(() => authority.remove());

interface Both {
  readonly a: LinkEnd;
  readonly b: LinkEnd;
  readonly dns: TestDns;
}

async function twoEnds(
  settings: Partial<S2sSettings> = {},
  {
    ofA = {},
    certificateOfA = certificates["a.lab"]!,
    direct = false,
  }: { ofA?: Partial<S2sSettings>; certificateOfA?: CertificatePem; direct?: boolean } = {},
): Promise<Both> {
  const dns = new TestDns();
  const a = new LinkEnd({
    domains: ["a.lab"],
    dns,
    certificate: certificateOfA,
    ca: authority.root,
    settings: { ...settings, ...ofA },
  });
  const b = new LinkEnd({ domains: ["b.lab"], dns, certificate: certificates["b.lab"]!, ca: authority.root, settings });
  ends = [a, b];
  dns.put("a.lab", await a.listen(direct), direct);
  dns.put("b.lab", await b.listen(direct), direct);
  return { a, b, dns };
}

function message(i: number, from = "romeo@a.lab/x", to = "juliet@b.lab"): string {
  return `<message xmlns="jabber:client" from="${from}" to="${to}" id="m${i}"><body>${i}</body></message>`;
}

const ALL = [
  ["EXTERNAL over STARTTLS", { auth: ["external"] }, false, "external"],
  ["EXTERNAL over direct TLS", { auth: ["external"] }, true, "external"],
  ["dialback over STARTTLS", { auth: ["dialback"] }, false, "dialback"],
  ["dialback over direct TLS", { auth: ["dialback"] }, true, "dialback"],
  ["dialback without TLS", { auth: ["dialback"], requireTls: false }, false, "dialback"],
  ["both, EXTERNAL first", { auth: ["external", "dialback"] }, false, "external"],
  ["both, dialback first", { auth: ["dialback", "external"] }, false, "external"],
] as const;

describe.each([false, true])("with XEP-0288 %p", (bidi) => {
  test.each(ALL)("%s: both directions, in order, proved", async (_, settings, direct, __) => {
    const { a, b } = await twoEnds({ ...settings, bidi }, { direct });
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    await Promise.all(numbers.map((i) => a.send(message(i), true)));
    expect(b.contents).toEqual(numbers.map((i) => `<body>${i}</body>`));
    expect(b.stanzas[0]!.toString()).toBe(message(0));
    await Promise.all(numbers.map((i) => b.send(message(i, "juliet@b.lab/y", "romeo@a.lab"), true)));
    expect(a.contents).toEqual(numbers.map((i) => `<body>${i}</body>`));
    for (const { encrypted } of a.s2s.links.report().streams) expect(encrypted).toBe(true);
    expect(b.s2s.links.report().strangers).toBe(0);
  });
});
test("a message without proof", async () => {
  const { a, b } = await twoEnds();
  await a.send(message(1), false);
  await until(() => b.stanzas.length === 1);
});
