import { VERSION } from "../cli/version.ts";
import type { Output } from "./schema.ts";

/**
 * The version of the JSON that lanĉo prints and reads. It grows when a field is removed or gets
 * another meaning; new fields, new kinds of events and new options leave it unchanged.
 */
export const SCHEMA = 2;

/**
 * The first line of `batch` and of `events --json`: the versions of lanĉo and of its JSON. It has
 * an id and an event that are null, so that programs which look for theirs pass over it.
 */
export const GREETING: Output<"greeting"> = {
  lanco: VERSION,
  schema: SCHEMA,
  id: null,
  event: null,
};
