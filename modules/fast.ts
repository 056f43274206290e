/** Fast Authentication Streamlining Tokens, listed here; transport/sasl2 implements it. XEP-0484 v0.2.0. @module */
import type { ServerModule } from "./module.ts";

export const fast: ServerModule = {
  name: "fast",
  xeps: [
    {
      xep: 484,
      title: "Fast Authentication Streamlining Tokens",
      version: "0.2.0",
      status: "complete",
      note: "HT-SHA-256-NONE; over TCP also -ENDP, and -EXPR on Bun",
    },
  ],
};
