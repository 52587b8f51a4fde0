import type { Command, Context } from "../cli/context.ts";
import { NotInitialised } from "../cli/errors.ts";
import { printableJson } from "../cli/printable.ts";
import { timestamp } from "../cli/timestamp.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { headline } from "../show/headline.ts";
import type { Output } from "../show/schema.ts";
import { taskEvents } from "../task/events.ts";
import type { TaskEvent } from "../task/runs.ts";
import { matching } from "../task/selection.ts";

const events: Command = {
  help: `Usage: lanco <namespace> events [--json] [pattern...]

Tells what becomes of tasks as it happens, a line each: "present" for each that runs
now, then "ready", and from then on "start", "pause", "resume" and "end". No run is
missing and none comes twice, however short it was. Ends with the namespace.

      --json  print JSON

Examples:
  lanco web events
  lanco web events --json 'import-*' | jq -c 'select(.event == "end")'
`,
  options: { flags: ["json"], interleaved: true },
  operands: "patterns",
  byOwner: () => ({ patience: Infinity }),
  async run(context, options) {
    const namespace = readNamespace(context.namespace);
    const matches = matching(options.operands);
    const json = options.count("json") > 0;
    context.batch?.goOn();
    for await (const event of taskEvents(namespace, context.batch)) {
      if ("task" in event && !matches(event.task)) continue;
      if (!tell(context, event, json)) return 0;
    }
    if (context.batch?.cancelled) return 0;
    throw new NotInitialised(context.namespace);
  },
};

/** Returns whether somebody still listens. */
function tell(context: Context, event: TaskEvent, json: boolean): boolean {
  const output = flat(event);
  if (context.batch !== undefined) {
    context.batch.tell({ event: output });
    return true;
  }
  return context.print(json ? printableJson(output) + "\n" : line(event));
}

/** With all fields, for programs. */
function flat(event: TaskEvent): Output<"events"> {
  const nothing = { task: null, run: null, state: null, why: null, code: null, signal: null };
  const { event: what, at, ...rest } = event;
  return { event: what, at, ...nothing, stopped: null, ...rest };
}

function line(event: TaskEvent): string {
  const words = [timestamp(new Date(event.at)), event.event];
  if ("task" in event) words.push(event.task);
  if (event.event === "present" && event.state === "paused") words.push("paused");
  if (event.event === "end") {
    words.push(headline(event));
    if (event.stopped !== null) words.push(`stopped by ${event.stopped.by}`);
  }
  return words.join(" ") + "\n";
}

export default events;
