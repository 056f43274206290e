const ATTRIBUTE = /([^\s=<>/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The namespaces that a start tag declares, by prefix; "" is the default namespace. The tag has passed the scanner. */
export function declaredNamespaces(startTag: string): ReadonlyMap<string, string> {
  const namespaces = new Map<string, string>();
  for (const [, name, double, single] of startTag.matchAll(ATTRIBUTE)) {
    const ns = double ?? single ?? "";
    if (name === "xmlns") namespaces.set("", ns);
    else if (name!.startsWith("xmlns:")) namespaces.set(name!.slice(6), ns);
  }
  return namespaces;
}
