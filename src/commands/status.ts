import { command, reportWarnings } from "../cli/command.ts";
import { UnknownTask } from "../cli/errors.ts";
import { flag } from "../cli/options.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { renderState } from "../show/state.ts";
import { taskState } from "../task/state.ts";
import { listExitCommands } from "../task/survey.ts";

export default command({
  help: `Usage: lanco <namespace> status [--json] task

Shows whether a task runs or how it ended, and what it uses or has used. The state
is running, paused, exited, killed, out of memory, lost (with the host) or unknown.

@OPTIONS@

Examples:
  lanco web status import
  lanco web status --json import | jq .code
`,
  options: {
    json: flag(
      "--json",
      "print JSON: times in milliseconds since 1970, sizes in bytes, CPU in nanoseconds",
    ),
  },
  operands: "known task",
  text: renderState,
  async run(context, { task }) {
    const namespace = readNamespace(context.namespace);
    const state = await reportWarnings(context, (warn) => taskState(namespace, task, warn));
    if (state === undefined) throw new UnknownTask(context.namespace, task);
    const exitCommands = listExitCommands(namespace, (name) => name === task);
    const output: Output<"status"> = { ...state, exitCommands };
    return { status: 0, output };
  },
});
