import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, createHmac, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type SecureVersion, type TLSSocket } from "node:tls";
import { createMemory } from "../../../modules/memory.ts";
import { PASSWORDS } from "../../../modules/passwords.ts";
import { type Certificate, ensureCertificate } from "../../../server/certificate.ts";
import { hashedToken } from "../../../transport/sasl/hashed_token.ts";
import type { SaslContext, SaslStep } from "../../../transport/sasl/sasl_mechanism.ts";
import { scram, scramPlus } from "../../../transport/sasl/scram.ts";
import { endPointBinding } from "../../../transport/tcp/channel_bindings.ts";
import { createTransports, type Transports } from "../../../transport/transports.ts";
import { SaslError } from "../../../xmpp/errors.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { NS } from "../../../xmpp/ns.ts";
import { deriveCredentials } from "../../../xmpp/scram_keys.ts";
import { waitFor } from "../fake_carrier.ts";
import { authenticate, base64, initiator, responder, sasl2Services } from "./sasl2_client.ts";
import { scramFinal } from "./scram_client.ts";

const USER = Jid.parse("user@localhost");
const BINDING = Buffer.from("the binding's data");
const credentials = deriveCredentials("pencil");

function context(more: Partial<SaslContext> = {}): SaslContext {
  return {
    domain: "localhost",
    secret: new Uint8Array(16),
    passwords: createMemory().get(PASSWORDS),
    rounds: 10_000,
    renew: () => {},
    admit: () => {},
    credentials: async () => credentials,
    newNonce: () => "server",
    channelBindings: new Map([["tls-exporter", BINDING]]),
    ...more,
  };
}

async function outcome(step: () => SaslStep | Promise<SaslStep>): Promise<string> {
  try {
    return (await step()).kind;
  } catch (error) {
    if (error instanceof SaslError) return error.condition;
    throw error;
  }
}

describe("scramPlus()", () => {
  const first = "n=user,r=abc";
  const exporter = "p=tls-exporter,,";

  test.each([
    ["the connection's data", exporter, BINDING, "success"],
    ["an authzid", "p=tls-exporter,a=user@localhost,", BINDING, "success"],
    ["the data of another connection", exporter, Buffer.from("another"), "not-authorized"],
    ["no data", exporter, Buffer.alloc(0), "not-authorized"],
  ])("with %s: %s", async (_what, header, binding, expected) => {
    const exchange = scramPlus("SHA-256").start(context());
    const challenge = await exchange.respond(Buffer.from(header + first));
    const { final } = scramFinal(first, String(challenge.data), header, binding);
    expect(await outcome(() => exchange.respond(Buffer.from(final)))).toBe(expected);
  });

  test.each([
    ["a type that the connection has not", "p=tls-unique,,"],
    ["no channel binding", "n,,"],
    ["a client that saw none offered", "y,,"],
  ])("refuses %s", async (_what, header) => {
    const exchange = scramPlus("SHA-256").start(context());
    expect(await outcome(() => exchange.respond(Buffer.from(header + first)))).toBe("malformed-request");
  });
});

describe("scram() where channel binding is offered", () => {
  test.each([
    ["n,,", "challenge"],
    ["y,,", "malformed-request"],
    ["p=tls-exporter,,", "malformed-request"],
  ])("%s: %s (RFC 5802 section 6)", async (header, expected) => {
    const exchange = scram("SHA-256").start(context());
    expect(await outcome(() => exchange.respond(Buffer.from(`${header}n=user,r=abc`)))).toBe(expected);
  });

  test("y is right where none is", async () => {
    const exchange = scram("SHA-256").start(context({ channelBindings: new Map() }));
    expect(await outcome(() => exchange.respond(Buffer.from("y,,n=user,r=abc")))).toBe("challenge");
  });
});

describe("hashedToken()", () => {
  const useToken: SaslContext["useToken"] = async (account, mechanism, proves) => {
    if (account.equals(USER) && mechanism.startsWith("HT-SHA-256-") && proves("secret")) return "secret";
    throw new SaslError("not-authorized");
  };
  const respond = (suffix: "EXPR" | "NONE" | "ENDP", message: Uint8Array, more: Partial<SaslContext> = {}) =>
    outcome(() =>
      hashedToken(suffix)
        .start(context({ useToken, ...more }))
        .respond(message),
    );

  test("answers with a hash of its own", async () => {
    const step = await hashedToken("EXPR")
      .start(context({ useToken }))
      .respond(initiator("user", "secret", BINDING));
    expect(step).toMatchObject({ kind: "success", account: USER });
    expect(base64(step.data!)).toBe(responder("secret", BINDING));
  });

  test("is an HMAC under the token as it is written", () => {
    const message = initiator("user", "secret");
    const hash = createHmac("sha256", "secret").update("Initiator").digest();
    expect(Buffer.from(message)).toEqual(Buffer.concat([Buffer.from("user\0"), hash]));
  });

  test.each([
    ["NONE", initiator("user", "secret"), "success"],
    ["EXPR", initiator("user", "secret", BINDING), "success"],
    ["EXPR", initiator("user", "secret"), "not-authorized"],
    ["NONE", initiator("user", "secret", BINDING), "not-authorized"],
    ["ENDP", initiator("user", "secret", BINDING), "invalid-mechanism"],
    ["NONE", initiator("user", "another"), "not-authorized"],
    ["NONE", initiator("juliet", "secret"), "not-authorized"],
    ["NONE", initiator("a b", "secret"), "not-authorized"],
    ["NONE", initiator("", "secret"), "malformed-request"],
    ["NONE", initiator("user", "secret").subarray(0, -1), "not-authorized"],
    ["NONE", Buffer.concat([initiator("user", "secret"), Buffer.from("x")]), "not-authorized"],
    ["NONE", new Uint8Array(), "malformed-request"],
    ["NONE", Buffer.concat([Buffer.from([0xff]), initiator("user", "secret")]), "malformed-request"],
  ] as const)("%s with %p: %s", async (suffix, message, expected) => {
    expect(await respond(suffix, message)).toBe(expected);
  });
});

/** Made with `openssl req -x509`; their keys are lost. */
const CERTIFICATES = [
  [
    "RSA with SHA-512",
    "sha512",
    pem(
      "MIIB9jCCAV+gAwIBAgIUeR1QfYTsRQeuGBPLXhi3zHdnseAwDQYJKoZIhvcNAQENBQAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjIx" +
        "NTU5MDJaGA8yMTI2MTAyOTE1NTkwMlowDDEKMAgGA1UEAwwBdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAvpfroGJoYyEs" +
        "lsKOLMMdOMCLhiWlxSJCdPl6JU8h8EBVg1MWIiSdOYsHtHQYB0mRBJ21Ywie+i8gZ4Hu8xdLkX1If1ih3dkSMcbEOFSyb0ilEfRZ" +
        "bHrq+zkTmFYYMEdRXKQpRsulK+IkGS6+qpMZwXxUTIDbzE1ZjvMVW9d0adMCAwEAAaNTMFEwHQYDVR0OBBYEFCktGVfZ89nk/eAm" +
        "HA1duHv6RV9KMB8GA1UdIwQYMBaAFCktGVfZ89nk/eAmHA1duHv6RV9KMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQENBQAD" +
        "gYEAuvV21VTBAlMhcBPAxa4dAcy4J96qBzE7aYOh1Yw7sqNDcbdIDBbmj7UbR3wgy7iRmo+MD1baCnCoTAq+/sxP/y940mPHhRwF" +
        "0xxchYI+HbaSUYBwnR76FaoMIgJQh4dS6oilyxxi8NcgkYL8b66xyk2jgvp1Em8B/xS/V6zavro=",
    ),
  ],
  [
    "RSA with SHA-1",
    "sha256",
    pem(
      "MIIB9jCCAV+gAwIBAgIUBOcldmFGWWprYEKj2j5b9aofmeMwDQYJKoZIhvcNAQEFBQAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjIx" +
        "NTU5MDJaGA8yMTI2MTAyOTE1NTkwMlowDDEKMAgGA1UEAwwBdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA0h1Dq+WU0UAG" +
        "QM3/ExZ8cdLtRswbrygizFy3x0QDgRhdspFrtd2azI0D5FNrHAkrhZIg7ZAg2QDgOpod48DjArIRkq3/2XR7ukh8OH1GhnvNbJF6" +
        "T6/EG/oS8KssgHVXVad96/ZutZXQ3CtE+N2aLyLLS6Huh6saNhcqaFg97nECAwEAAaNTMFEwHQYDVR0OBBYEFMG9yVh9B/889BpG" +
        "JyZvKZ0lOsIMMB8GA1UdIwQYMBaAFMG9yVh9B/889BpGJyZvKZ0lOsIMMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQEFBQAD" +
        "gYEAQWcEBQIK45glSwga8Dx+tG09CLRWcQCtkqcgNBrhpI2QZ1Z1O5ZIM3Ey3GQsNtnm2OFB4L72rGNR+ZM2nAQQkDore5oVINpx" +
        "F1G5uIfN1/z9GARXOfDFOTv6v2syat0vVxHb5lMm6pc0PsZnak5GXsh1x9OGy7DcDfnzh/UrhOQ=",
    ),
  ],
  [
    "ECDSA with SHA-256",
    "sha256",
    pem(
      "MIIBbzCCARWgAwIBAgIUYCEjHBUlRSWijcWP22LZigvJIZowCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjIxNTU5" +
        "MDJaGA8yMTI2MTAyOTE1NTkwMlowDDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABG9c5pKdB9yhu2O0qxRw" +
        "WkH2XmfwaQh3AMupmqPXFTNySl8YFPd+tbbxd3yyRj9vHnnvQDEMIr94LOeXiJ14KCSjUzBRMB0GA1UdDgQWBBT6FYnITQBLwsLq" +
        "sPRZgfRjLE+QmTAfBgNVHSMEGDAWgBT6FYnITQBLwsLqsPRZgfRjLE+QmTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gA" +
        "MEUCIHeE4lOzD0uqJ0WMH+JxiJBb4I55UvgN3D/mW/soMhVOAiEA9O5017GzI1pbpKpY8aFYxivqbJPzDVzZEJlHHkAsRzs=",
    ),
  ],
  [
    "ECDSA with SHA-384",
    "sha384",
    pem(
      "MIIBbjCCARWgAwIBAgIUc8eZgXfqQ6iEtT68v+MJ4kG/CJ4wCgYIKoZIzj0EAwMwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjIxNTU5" +
        "MDJaGA8yMTI2MTAyOTE1NTkwMlowDDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCfmDdEdkaWJRmUld1G8" +
        "M+ezgji0NUPxMQPrBMNI9RWi3fQX0S0qMtGuJXkZES0Bzk85MITIg+lbeOMrsFkIUnqjUzBRMB0GA1UdDgQWBBSa+M+mHFXbcpFR" +
        "DsOyFG81rkiwaTAfBgNVHSMEGDAWgBSa+M+mHFXbcpFRDsOyFG81rkiwaTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMDA0cA" +
        "MEQCIFPVQ0A/gyFfnatAye3ni/vTtxRVODCNe3gDsqSjPOSzAiBP8ZEROdDmLinXijkcTApp5T7ApAsKmislHQrMlnyLBg==",
    ),
  ],
  [
    "Ed25519",
    undefined,
    pem(
      "MIIBLjCB4aADAgECAhRQBOY9i7vc4RiOjoimg3Ee7WOeKzAFBgMrZXAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjIxNTU5MDJaGA8y" +
        "MTI2MTAyOTE1NTkwMlowDDEKMAgGA1UEAwwBdDAqMAUGAytlcAMhAKvChf80KhbrwVVqSunB82TZJcXALbDVgSxXOdyfql4Zo1Mw" +
        "UTAdBgNVHQ4EFgQUYNgfj1U23E3G9P9cIfI2tzBLtcQwHwYDVR0jBBgwFoAUYNgfj1U23E3G9P9cIfI2tzBLtcQwDwYDVR0TAQH/" +
        "BAUwAwEB/zAFBgMrZXADQQCLtRdG1XFFDK74MBs+IcovfYIsxijhnLGViU5x3HxyxWcFyb7LYtWkzFUoOQ4lBg1Gj52Isz2R8CMQ" +
        "+I3dJHEA",
    ),
  ],
] as const;

describe("endPointBinding()", () => {
  test.each(CERTIFICATES)("of %s is its %s", (_name, hash, pem) => {
    const { raw } = new X509Certificate(pem);
    const expected = hash === undefined ? undefined : createHash(hash).update(raw).digest("hex");
    const binding = endPointBinding(pem);
    expect(binding && Buffer.from(binding).toString("hex")).toBe(expected!);
  });
});

describe("over TLS", () => {
  let certificate: Certificate;
  let transports: Transports;
  let port: number;
  beforeAll(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "ampact-tls-"));
    certificate = await ensureCertificate({ dataDir, domains: ["localhost"] });
    rmSync(dataDir, { recursive: true });
    const services = sasl2Services();
    transports = createTransports({ ...services, now: Date.now, schedule: () => () => {} });
    transports.tcp.useCertificate(certificate);
    port = (await transports.tcp.listen({ host: "127.0.0.1", port: 0, mode: "tls" })).port;
  });
  afterAll(() => transports.tcp.close());

  async function dial(maxVersion: SecureVersion): Promise<{ socket: TLSSocket; until(part: string): Promise<string> }> {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    let text = "";
    socket.on("data", (data) => {
      text += data.toString();
    });
    const until = async (part: string) => {
      await waitFor(() => text.includes(part));
      const read = text;
      text = "";
      return read;
    };
    socket.write(
      `<stream:stream to="localhost" version="1.0" xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">`,
    );
    return { socket, until };
  }

  const exporterOf = (socket: TLSSocket) =>
    socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));

  test.each([
    ["TLSv1.3", "tls-exporter", exporterOf],
    ["TLSv1.3", "tls-server-end-point", () => Buffer.from(endPointBinding(certificate.cert)!)],
    ["TLSv1.2", "tls-server-end-point", () => Buffer.from(endPointBinding(certificate.cert)!)],
  ] as const)("%s: SCRAM-SHA-256-PLUS with %s", async (version, type, bindingOf) => {
    const { socket, until } = await dial(version);
    expect(await until("</stream:features>")).toContain(`<channel-binding type="${type}"/>`);
    const header = `p=${type},,`;
    const first = "n=user,r=abc";
    socket.write(authenticate("SCRAM-SHA-256-PLUS", { data: header + first }));
    const challenge = /<challenge [^>]*>(.*)<\/challenge>/.exec(await until("</challenge>"))![1]!;
    const { final, signature } = scramFinal(
      first,
      Buffer.from(challenge, "base64").toString(),
      header,
      bindingOf(socket),
    );
    socket.write(`<response xmlns="${NS.SASL2}">${base64(final)}</response>`);
    expect(await until("</success>")).toContain(base64(`v=${signature}`));
    socket.destroy();
  });

  test("the profile of RFC 6120 offers none: y is right there, and the hash of the offer tells what was taken away", async () => {
    const { socket, until } = await dial("TLSv1.3");
    const features = await until("</stream:features>");
    expect(/<mechanisms .*<\/mechanisms>/.exec(features)![0]).not.toContain("-PLUS");
    expect(features).toContain("<mechanism>SCRAM-SHA-256-PLUS</mechanism>");
    socket.write(`<auth xmlns="${NS.SASL}" mechanism="SCRAM-SHA-256">${base64("y,,n=user,r=abc")}</auth>`);
    const challenge = /<challenge [^>]*>(.*)<\/challenge>/.exec(await until("</challenge>"))![1]!;
    const offered = `${["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"].join("\x1e")}\x1f${["tls-exporter", "tls-server-end-point"].join("\x1e")}`;
    const hash = createHash("sha256").update(offered).digest("base64");
    expect(Buffer.from(challenge, "base64").toString()).toEndWith(`,h=${hash}`);
    socket.destroy();
  });

  test("TLS 1.2 has no tls-exporter", async () => {
    const { socket, until } = await dial("TLSv1.2");
    const features = await until("</stream:features>");
    expect(features).not.toContain("tls-exporter");
    expect(features).not.toContain("HT-SHA-256-EXPR");
    expect(features).toContain("HT-SHA-256-ENDP");
    socket.destroy();
  });
});

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}
