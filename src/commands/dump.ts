import { command } from "../cli/command.ts";
import { UnknownRun } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { sinceBoot } from "../task/clock.ts";
import type { TaskState } from "../task/state.ts";
import { survey, surveyRun } from "../task/survey.ts";
import { boundedAnswer } from "./bounded_answer.ts";
import { RUN } from "./run_option.ts";
import { select, SELECTION } from "./selection_options.ts";

export default command({
  help: `Usage: lanco <namespace> dump [--running] [--finished] [--run RUN] [pattern...]

Prints JSON of all that is known of the tasks, or of those whose names match a
pattern: times in milliseconds, sizes in bytes, processor time in nanoseconds.

@OPTIONS@

Examples:
  lanco web dump | jq '.tasks | map_values(.memory)'
  lanco web dump --finished | jq '.finished | map_values(.code)'
`,
  options: { ...SELECTION, run: RUN },
  operands: "patterns",
  async run(context, request) {
    const namespace = readNamespace(context.namespace);
    const { run } = request;
    const selection = select(request, { running: true, finished: true });
    const { found, truncated, status } = await boundedAnswer(
      context,
      (warn) =>
        run === undefined
          ? survey(namespace, selection, warn)
          : surveyRun(namespace, selection, run, warn),
    );
    const { running, finished, exits, whole } = found;
    if (run !== undefined && !truncated && running.length + finished.length === 0) {
      throw new UnknownRun(context.namespace, run);
    }
    const entries = running.map(({ task, processes, state }) =>
      [task, {
        count: processes.length,
        cpu: state.usage?.cpu.total ?? null,
        memory: state.usage?.memory.now ?? null,
        processes,
        ...facts(state),
      }] as const
    );
    const output: Output<"dump"> = {
      namespace: namespace.namespace,
      count: running.length,
      nbcpus: namespace.host.cpus,
      timestamp: Math.round(sinceBoot()),
      time: Date.now(),
      cpu: whole.cpu.total,
      memory: whole.memory.now,
      tasks: Object.fromEntries(entries),
      finished: Object.fromEntries(finished.map((state) => [state.task, facts(state)])),
      exitCommands: exits,
      truncated,
    };
    return { status, output };
  },
});

/** Returns the state of a task without the fields that its place in the output already tells. */
function facts({ namespace: _, task: __, processes: ___, ...rest }: TaskState) {
  return rest;
}
