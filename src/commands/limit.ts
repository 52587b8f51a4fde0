import type { Limits } from "../cgroup/limits.ts";
import { command, reportWarnings } from "../cli/command.ts";
import { flag } from "../cli/options.ts";
import { changeLimits, presentLimits } from "../launch/change_limits.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { limitOptions } from "../show/limits.ts";
import type { Output } from "../show/schema.ts";
import { withRunIds } from "../task/run_ids.ts";
import { eachTask, summaryOf, told } from "./each_task.ts";
import { LIMITS, parseLimits } from "./limit_options.ts";
import { chosenTasks, SEVERAL } from "./several_tasks.ts";

export default command({
  help: `Usage: lanco <namespace> limit [limits] [--json] task|pattern...
       lanco <namespace> limit [limits] [--json] --label NAME[=VALUE] | --all

Changes the limits of tasks that run, and prints each with its former value;
without limits, prints those in force. "max" lifts a limit. If the kernel could
enforce one only by killing a process, none of that task's is changed.

@OPTIONS@

Examples:
  lanco web limit --memory 4G --cpus 2 import
  lanco web limit --pids max 'import-*'
`,
  options: { ...LIMITS, ...SEVERAL, json: flag("--json", "print JSON") },
  operands: "running tasks",
  text: ({ tasks }: Output<"limit">, options) =>
    Object.entries(tasks).map(([task, { before, limits }]) =>
      limits === null
        ? ""
        : limitOptions(task, limits, before, (name) => options[name] !== undefined)
    ).join(""),
  async run(context, request) {
    const { tasks, areSelected } = await chosenTasks(context, request);
    const namespace = readNamespace(context.namespace);
    const wanted = parseLimits(request, () => namespace.host, { liftable: true, swapAlone: true });
    const isChange = Object.keys(wanted).length > 0;
    const found: Record<string, { before: Limits | null; limits: Limits }> = {};
    const { status, outcomes } = await reportWarnings(
      context,
      (warn) =>
        eachTask(context, tasks, async (task) => {
          found[task] = isChange
            ? await changeLimits(namespace, task, wanted, { bestEffort: request.bestEffort, warn })
            : { before: null, limits: presentLimits(namespace, task) };
        }, { mayHaveEnded: areSelected }),
    );
    const output: Output<"limit"> = {
      namespace: context.namespace,
      tasks: told(outcomes, (task, outcome) => {
        const fields = { before: null, limits: null, ...found[task], ...outcome };
        return withRunIds(context.namespace, task, fields);
      }),
    };
    return { status, output };
  },
  summary: ({ tasks }) => summaryOf("changed", tasks, ({ before }) => before !== null),
});
