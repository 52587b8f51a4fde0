import { command } from "../cli/command.ts";
import { NotInitialised } from "../cli/errors.ts";
import { flag } from "../cli/options.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { renderEvent } from "../show/event.ts";
import { GREETING } from "../show/greeting.ts";
import type { Output } from "../show/schema.ts";
import { taskEvents } from "../task/events.ts";
import { hasLabels } from "../task/labels.ts";
import { matching } from "../task/pattern.ts";
import type { TaskEvent } from "../task/task_event.ts";
import { WITH_LABEL } from "./label_options.ts";

export default command({
  help: `Usage: lanco <namespace> events [--label NAME[=VALUE]]... [--json] [pattern...]

Prints a line for each event: "lost" for each task that ran when the host went
down, "present" for each task that runs now, then "ready", and from then on
"start", "pause", "resume" and "end" of tasks. No run is missing and none comes
twice, as long as the reader keeps reading. Ends when the namespace is removed.

@OPTIONS@

Examples:
  lanco web events
  lanco web events --json 'import-*' | jq -c 'select(.event == "end")'

Manual: lanco man daemon
`,
  options: {
    label: WITH_LABEL,
    json: flag("--json", "print JSON, after a first line with the version"),
  },
  operands: "patterns",
  greeting: GREETING,
  text: renderEvent,
  maxSilence: () => Infinity,
  async run(context, { patterns, label }) {
    const namespace = readNamespace(context.namespace);
    const matches = matching(patterns);
    context.batch?.releaseTurn();
    for await (const event of taskEvents(namespace, context.batch)) {
      if ("task" in event && !matches(event.task)) continue;
      if ("task" in event && !hasLabels(event.labels, label)) continue;
      if (!context.emit(flat(event))) return { status: 0 };
      await context.batch?.services.room();
    }
    if (context.batch?.cancelled) return { status: 0 };
    throw new NotInitialised(context.namespace);
  },
});

/** Returns the event with all fields of the schema; those that it lacks are null. */
function flat(event: TaskEvent): Output<"events"> {
  const { event: what, at, ...rest } = event;
  const ids = { task: null, run: null, pid: null, labels: {} };
  const nothing = { ...ids, state: null, why: null, code: null };
  return { event: what, at, ...nothing, signal: null, timedOut: null, stopped: null, ...rest };
}
