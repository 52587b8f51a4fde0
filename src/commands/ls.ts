import type { Command } from "../context.ts";
import { Usage } from "../errors.ts";
import { readNamespace } from "../namespace.ts";
import { commandLine } from "../process.ts";
import { runningTasks, taskProcesses } from "../task.ts";

/** A running task and its processes. */
export interface ListedTask {
  /** Its name. */
  name: string;
  /** Its processes, sorted by pid. */
  processes: { pid: number; cmdline: string }[];
}

/** The longest command line that is shown without `-l`, in characters. */
export const COMMAND_MAX = 50;

/** The tree of the original article. */
export function renderTree(
  namespace: string,
  tasks: readonly ListedTask[],
  { long = false } = {},
): string {
  const lines = [namespace];
  for (const { name, processes } of tasks) {
    lines.push(` ├ ${name}`);
    for (const { pid, cmdline } of processes) {
      lines.push(` │  → ${String(pid).padStart(5)} ${long ? cmdline : shortened(cmdline)}`);
    }
  }
  return [...lines, " ╯", ""].join("\n");
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= COMMAND_MAX
    ? text
    : `${characters.slice(0, COMMAND_MAX - 1).join("")}…`;
}

/** The same as JSON: by the task's name, how many processes it has, and which. */
export function renderJson(namespace: string, tasks: readonly ListedTask[]): string {
  const byName = tasks.map(({ name, processes }) =>
    [name, { count: processes.length, processes }] as const
  );
  const listing = { namespace, count: tasks.length, tasks: Object.fromEntries(byName) };
  return JSON.stringify(listing) + "\n";
}

const ls: Command = {
  help: `Usage: lanco <namespace> ls [-l] [--json]

Shows the running tasks and their processes.

  -l, --long  do not shorten the command lines to ${COMMAND_MAX} characters
      --json  print JSON

Examples:
  lanco web ls
  lanco web ls --json | jq '.tasks | keys'
`,
  options: { flags: ["long", "json"], alias: { l: "long" }, interleaved: true },
  operands: "nothing",
  run(context, options) {
    if (options.operands.length > 0) throw new Usage("ls takes no operands: see -h");
    const namespace = readNamespace(context.namespace);
    const tasks = runningTasks(context.namespace).map((name): ListedTask => ({
      name,
      processes: taskProcesses(namespace, name).map((pid) => ({ pid, cmdline: commandLine(pid) })),
    }));
    context.print(
      options.count("json")
        ? renderJson(context.namespace, tasks)
        : renderTree(context.namespace, tasks, { long: options.count("long") > 0 }),
    );
    return 0;
  },
};

export default ls;
