import { readCapacity } from "../capacity.ts";
import type { Command } from "../context.ts";
import { Failed, reason } from "../errors.ts";
import { readNamespace } from "../namespace.ts";
import { PROC } from "../paths.ts";
import { SELECTION_HELP, SELECTION_OPTIONS } from "../selection.ts";
import type { TaskState } from "../state.ts";
import { survey } from "../survey.ts";

const dump: Command = {
  help: `Usage: lanco <namespace> dump [--running] [--finished] [pattern...]

Prints JSON of all that is known of the tasks, or of those whose names match a
pattern: times in milliseconds, sizes in bytes, processor time in nanoseconds.

${SELECTION_HELP}
Examples:
  lanco web dump | jq '.tasks | map_values(.memory)'
  lanco web dump --finished | jq -r '.finished | to_entries[] | [.key, .value.code] | @tsv'
`,
  options: { ...SELECTION_OPTIONS, interleaved: true },
  operands: "known tasks",
  async run(context, options) {
    const namespace = readNamespace(context.namespace);
    const { running, finished, whole } = await survey(namespace, options);
    const entries = running.map(({ task, processes, state }) => [task, {
      count: processes.length,
      cpu: state.usage?.cpu.total ?? null,
      memory: state.usage?.memory.now ?? null,
      processes,
      ...facts(state),
    }]);
    context.print(
      JSON.stringify({
        namespace: namespace.namespace,
        count: running.length,
        nbcpus: readCapacity().cpus,
        timestamp: uptime(),
        time: Date.now(),
        cpu: whole.cpu.total,
        memory: whole.memory.now,
        tasks: Object.fromEntries(entries),
        finished: Object.fromEntries(finished.map((state) => [state.task, facts(state)])),
      }) + "\n",
    );
    return 0;
  },
};

/** What `status` knows, but for what the place in the dump already says. */
function facts(
  { namespace: _, task: __, processes: ___, ...rest }: TaskState,
): Omit<TaskState, "namespace" | "task" | "processes"> {
  return rest;
}

/** Milliseconds since boot, by a clock that nobody sets (proc(5), uptime). */
function uptime(): number {
  try {
    return Math.round(parseFloat(Deno.readTextFileSync(`${PROC}/uptime`)) * 1000);
  } catch (error) {
    throw new Failed(`cannot read the time since boot: ${reason(error)}`);
  }
}

export default dump;
