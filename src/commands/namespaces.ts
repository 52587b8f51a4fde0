import { processes, unlessGone } from "../cgroup/cgroup.ts";
import type { Limits } from "../cgroup/limits.ts";
import { limitsInForce } from "../cgroup/limits_in_force.ts";
import { withinBudget } from "../cli/budget.ts";
import { command, type Result } from "../cli/command.ts";
import { reason } from "../cli/errors.ts";
import { flag } from "../cli/options.ts";
import { locate } from "../launch/set_limits.ts";
import type { Namespace } from "../namespace/description.ts";
import { namespaces, readNamespace } from "../namespace/namespace.ts";
import { namedRoot } from "../namespace/paths.ts";
import type { Output } from "../show/schema.ts";
import { runningTasks } from "../task/task.ts";
import { usageReader } from "../task/usage.ts";

/** What is told of a namespace. */
type Told = Output<"namespaces">["namespaces"][number];

export default command({
  help: `Usage: lanco namespaces [-l] [--json]

Lists the namespaces of this host, a line each. With -l, shows also what runs
there, what that uses, and how much of the room for records and of the disk of
the logs is in use.

@OPTIONS@

Examples:
  lanco namespaces -l
  for ns in $(lanco namespaces); do lanco -- "$ns" ls; done
`,
  options: {
    long: flag("-l, --long", "show owner, group, keeper, tasks, use, and limits of each"),
    json: flag("--json", "print all of this as JSON"),
  },
  operands: "nothing",
  async run(_context, { long, json }): Promise<Result<string | Output<"namespaces">>> {
    const names = await namespaces();
    if (!long && !json) return { status: 0, output: names.map((name) => `${name}\n`).join("") };
    const output = { namespaces: await tell(names) };
    // What renders it is loaded only if it is needed.
    if (json) return { status: 0, output };
    return { status: 0, output: (await import("../show/namespaces.ts")).renderNamespaces(output) };
  },
});

async function tell(names: readonly string[]): Promise<Told[]> {
  const { fileSystems, groupNames } = await import("../namespace/in_use.ts");
  const read = names.map((name) => ({ name, ...attempt(() => readNamespace(name)) }));
  const known = read.flatMap(({ value }) => value ?? []);
  const [systems, groups] = await Promise.all([
    fileSystems(known),
    groupNames(known.map(({ gid }) => gid)),
  ]);
  return read.map(({ name, value, why }) => {
    if (value === undefined) return { ...UNKNOWN, namespace: name, why };
    const { records = null, logs = null } = systems[known.indexOf(value)] ?? {};
    const use = attempt(() => withinBudget(() => inUse(value)).result);
    return {
      ...UNKNOWN,
      namespace: name,
      owner: value.owner,
      group: groups.get(value.gid) ?? String(value.gid),
      keeper: value.keeper ?? "named",
      ...use.value,
      records,
      logs,
      why: use.why,
    };
  });
}

const UNKNOWN: Omit<Told, "namespace" | "why"> = {
  owner: null,
  group: null,
  keeper: null,
  tasks: null,
  processes: null,
  cpu: null,
  memory: null,
  limits: null,
  records: null,
  logs: null,
};

/** Returns the result, or why there is none: it has been released meanwhile, or another version has made it. */
function attempt<T>(read: () => T): { value?: T; why: string | null } {
  try {
    return { value: read(), why: null };
  } catch (error) {
    return { why: reason(error) };
  }
}

/** Returns what is in use of a namespace, by its cgroups alone. */
function inUse(
  namespace: Namespace,
): Pick<Told, "tasks" | "processes" | "cpu" | "memory" | "limits"> {
  const { cpu, memory } = usageReader(namespace).readAll();
  return {
    tasks: runningTasks(namespace.namespace).length,
    processes: membersOf(namedRoot(namespace.namespace)),
    cpu: cpu.total,
    memory: memory.now,
    limits: limitsOf(namespace),
  };
}

/** Returns how many processes there are below the root of the named hierarchy, which has those of the host. */
function membersOf(named: string): number {
  const cgroups = [...Deno.readDirSync(named)].filter(({ isDirectory }) => isDirectory);
  return new Set(cgroups.flatMap(({ name }) => processes(`${named}/${name}`))).size;
}

function limitsOf(namespace: Namespace): Limits {
  return limitsInForce((name) => {
    const file = locate(namespace, "", name);
    return file && unlessGone(() => Deno.readTextFileSync(file).trim(), undefined);
  });
}
