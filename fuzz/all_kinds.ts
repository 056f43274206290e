/** All kinds of fuzzing, by the name that `--only` takes. @module */
import { configKind } from "./config_kind.ts";
import type { Kind } from "./kind.ts";
import { boshKind, grammarKind, httpKind, saslKind, stanzaKind } from "./live_kinds.ts";
import { xmlKind } from "./xml_kind.ts";

export const KINDS: readonly Kind[] = [xmlKind, stanzaKind, grammarKind, saslKind, boshKind, configKind, httpKind];
