/// <reference path="./tr46.d.ts" />
import tr46 from "tr46";
import { isStreamSafe } from "./stream_safe.ts";
import { TextMemo } from "./text_memo.ts";

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
// "--" in the third and fourth place marks an A-label, or a label that IDNA2008 reserves.
const RESERVED = /(?:^|\.)..--/;
/** RFC 1035 section 2.3.4; U-labels are no longer than their A-labels. A final dot may follow. */
const MAX_LENGTH = 253;
// RFC 7622 section 3.2: a final dot is stripped, and UTS 46 knows other full stops.
const FINAL_DOT = /[.\u3002\uFF0E\uFF61]$/;
/**
 * Canonical names by the name as written; "" marks a refused name. Applying UTS 46 takes a hundred times as long as a
 * lookup.
 */
const memo = new TextMemo((text) => internationalName(text) ?? "", 2000, MAX_LENGTH + 1);
const RULES = { checkHyphens: true, checkBidi: true, checkJoiners: true, useSTD3ASCIIRules: true } as const;

/**
 * The canonical form of a domainpart: RFC 7622 section 3.2. Lower case, A-labels as U-labels, no final dot.
 * Addresses may be IPv4, or IPv6 in brackets. Gives undefined for a name that is refused.
 */
export function prepareDomain(text: string): string | undefined {
  if (!mayBeDomain(text)) return undefined;
  if (text.startsWith("[")) return ipv6Literal(text);
  const lower = text.toLowerCase();
  const name = lower.endsWith(".") ? lower.slice(0, -1) : lower;
  if (HOST_NAME.test(name) && !RESERVED.test(name)) return name;
  return memo.get(text) || undefined;
}

/** Tells by its length alone. */
export function mayBeDomain(text: string): boolean {
  return text.length <= MAX_LENGTH || (text.length === MAX_LENGTH + 1 && FINAL_DOT.test(text));
}

function internationalName(text: string): string | undefined {
  if (!isStreamSafe(text)) return undefined;
  const name = text.replace(FINAL_DOT, "");
  const { domain, error } = tr46.toUnicode(name, RULES);
  // A decoded A-label may be longer than DNS allows.
  if (error || tr46.toASCII(name, { ...RULES, verifyDNSLength: true }) === null) return undefined;
  return domain;
}

function ipv6Literal(text: string): string | undefined {
  if (!/^\[[0-9A-Fa-f:.]+\]$/.test(text) || !URL.canParse(`http://${text}/`)) return undefined;
  return new URL(`http://${text}/`).hostname;
}
