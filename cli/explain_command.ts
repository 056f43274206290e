/** `explain`: what would become of a message now. @module */
import { text as textOf } from "node:stream/consumers";
import type { AmpactServer } from "../server/create_server.ts";
import { raw } from "../xmpp/xml/xml.ts";
import { carryOut } from "./carry_out.ts";
import { describeExplanation } from "./describe_explanation.ts";
import type { ExplainArguments, ExplainRequest } from "./explain_arguments.ts";
import { readMessage } from "./read_message.ts";

/** The lines to print. Throws AccountError, UsageError, XmlError, JidError, RuleError, ConfigError, StoreFault. */
export async function runExplainCommand({ message, json }: ExplainArguments): Promise<readonly string[]> {
  const read = message ?? readMessage(await textOf(process.stdin));
  const complete = async (): Promise<ExplainRequest> => ({ kind: "explain", message: read, json });
  return carryOut("explain", complete, (server, request) => {
    // Not on standard output, where JSON may be wanted.
    console.error("No server runs here: this holds while nobody is online");
    return runExplainRequest(server, request);
  });
}

/** Carries out a request on a started server. */
export async function runExplainRequest(
  server: AmpactServer,
  { message: { xml, ...message }, json }: ExplainRequest,
): Promise<readonly string[]> {
  const told = await server.explain({ ...message, ...(xml !== undefined && { content: raw(xml) }) });
  return json ? [JSON.stringify(told)] : describeExplanation(told);
}
