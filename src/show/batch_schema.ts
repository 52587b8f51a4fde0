import { anything, integer, list, nothing, object, text } from "./schema_types.ts";

/** The schema of the first line of `batch` and of `events`. */
export const greeting = object("the first line of batch and of events", {
  lanco: text("the version of lanco"),
  schema: integer("the version of this schema: 2"),
  id: nothing("the line answers no request"),
  event: nothing("the line tells of no event"),
});

/** The schema of an answer of `batch`. */
export const batch = object("an answer; that to events follows lines with id and event", {
  id: anything("the id of the request, or null if it has none"),
  exitStatus: integer("the exit status that the command would have"),
  output: anything("the command's JSON, or else its text or null"),
  messages: list("the command's messages on standard error", text("a line")),
});
