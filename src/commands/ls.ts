import { isFrozen } from "../cgroup/freezer.ts";
import { command, reportWarnings } from "../cli/command.ts";
import { flag } from "../cli/options.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { trackingCgroup } from "../namespace/paths.ts";
import type { Output } from "../show/schema.ts";
import { COMMAND_MAX, renderTree } from "../show/tree.ts";
import { examineFinished, listExitCommands, listRunning, selectedTasks } from "../task/survey.ts";
import { withRunIds } from "../task/run_ids.ts";
import { select, SELECTION } from "./selection_options.ts";

export default command({
  help: `Usage: lanco <namespace> ls [-l] [--running] [--finished] [-a] [--json] [pattern...]

Shows the running tasks and their processes, exit commands that run, and how other
tasks have ended; with patterns, only tasks whose names match one of them.

@OPTIONS@

Examples:
  lanco web ls
  lanco web ls -a --json 'import-*' | jq '.tasks | keys'
`,
  options: {
    long: flag("-l, --long", `do not shorten the command lines to ${COMMAND_MAX} characters`),
    ...SELECTION,
    json: flag("--json", "print JSON"),
  },
  operands: "patterns",
  text: renderTree,
  async run(context, request) {
    const namespace = readNamespace(context.namespace);
    const selection = select(request, { running: true, finished: false });
    const tasks = selectedTasks(namespace, selection);
    const running = listRunning(namespace, tasks.running).map(({ task, processes }): Row => [
      task,
      withRunIds(namespace.namespace, task, {
        // A getter, because only JSON has the state, and each task costs the reading of a file.
        get state() {
          return isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running";
        },
        count: processes.length,
        processes,
        ...GOES_ON,
      }),
    ]);
    const ended = await reportWarnings(
      context,
      (warn) => examineFinished(namespace, tasks.finished, warn),
    );
    const finished = ended.map((
      { task, run, pid, state, why, code, signal, ended, duration },
    ): Row => [
      task,
      { run, pid, state, count: 0, processes: [], why, code, signal, ended, duration },
    ]);
    const rows = [...running, ...finished].sort(([a], [b]) => a < b ? -1 : 1);
    const output: Output<"ls"> = {
      namespace: namespace.namespace,
      count: rows.length,
      tasks: Object.fromEntries(rows),
      exitCommands: selection.running ? listExitCommands(namespace, selection.matches) : [],
    };
    return { status: 0, output };
  },
});

type Row = [task: string, listed: Output<"ls">["tasks"][string]];

/** The fields about the end of a task, for a task that still runs. */
const GOES_ON = { why: null, code: null, signal: null, ended: null, duration: null };
