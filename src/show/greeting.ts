import { VERSION } from "../cli/help.ts";
import type { Output } from "./schema.ts";

/**
 * The number of the form that JSON has. It grows when something is taken away or gets another
 * meaning; new fields, new kinds of events and new options leave it as it is.
 */
export const SCHEMA = 2;

/**
 * The first line of `batch` and of `events --json`: who speaks. Like each line of a batch it has
 * an id, like each of `events` an event, which are nobody's.
 */
export const GREETING: Output<"greeting"> = {
  lanco: VERSION,
  schema: SCHEMA,
  id: null,
  event: null,
};
