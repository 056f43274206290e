/** Headless Chromium of the system, without the connections that it makes by itself. @module */
import { type Browser, chromium } from "playwright-core";
import { TEST_TOOLS } from "../../scripts/install_test_tools/test_tool.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchChromium(): Promise<Browser> {
  const executablePath = TEST_TOOLS.chromium.find();
  if (executablePath === undefined) throw new Error("Cannot launch chromium: it is not installed");
  return chromium.launch({ executablePath, args: FLAGS });
}
