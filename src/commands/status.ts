import { command } from "../cli/command.ts";
import { UnknownRun, UnknownTask } from "../cli/errors.ts";
import { flag } from "../cli/options.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { renderState } from "../show/state.ts";
import { runState, taskState } from "../task/run_state.ts";
import { listExitCommands } from "../task/survey.ts";
import { boundedAnswer } from "./bounded_answer.ts";
import { outputPaint } from "./paint.ts";
import { RUN } from "./run_option.ts";

export default command({
  help: `Usage: lanco <namespace> status [--run RUN] [--json] task

Shows whether a task runs or how it ended, and what it uses or has used. The
state is running, paused, exited, killed, timed out, out of memory, lost (the
host went down while it ran) or unknown.

@OPTIONS@

Examples:
  lanco web status --json import | jq .code
  lanco web status --run -1 import
`,
  options: {
    run: RUN,
    json: flag(
      "--json",
      "print JSON: times in milliseconds since 1970, sizes in bytes, CPU in nanoseconds",
    ),
  },
  operands: "known task",
  text: (output: Output<"status">) => renderState(output, outputPaint()),
  async run(context, { task, run }) {
    const namespace = readNamespace(context.namespace);
    const { found, truncated, status } = await boundedAnswer(context, (warn) => {
      const state = run === undefined
        ? taskState(namespace, task, warn)
        : runState(namespace, task, run);
      if (state === undefined) {
        if (run === undefined) throw new UnknownTask(context.namespace, task);
        throw new UnknownRun(context.namespace, run, task);
      }
      const exitCommands = listExitCommands(namespace, { matches: (name) => name === task })
        .filter((exit) => run === undefined || exit.run === state.run);
      return { ...state, exitCommands };
    });
    const output: Output<"status"> = { ...found, truncated };
    return { status, output };
  },
});
