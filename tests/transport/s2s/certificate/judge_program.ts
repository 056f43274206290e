/** Judges certificates on the runtime that runs it, and prints the faults as JSON. Argument: a file with the cases. @module */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { judgeChain, judgeDomain } from "../../../../transport/s2s/certificate/judge_chain.ts";
import { certificatesIn, TrustedRoots } from "../../../../transport/s2s/certificate/trusted_roots.ts";

export interface JudgeCase {
  readonly chain: string;
  readonly domain: string;
}

const { root, cases } = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as { root: string; cases: JudgeCase[] };
const roots = new TrustedRoots([root]);
const faults = cases.map(({ chain, domain }) => {
  const certificates = certificatesIn(chain).map((pem) => new X509Certificate(pem));
  return judgeDomain(judgeChain(certificates, roots, Date.now()), domain).fault ?? "none found";
});
console.log(JSON.stringify(faults));
