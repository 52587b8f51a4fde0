import { printable, printableJson } from "../cli/printable.ts";
import { type Command, warning } from "../cli/context.ts";
import { Usage } from "../cli/errors.ts";
import { formatBytes, formatDuration } from "../show/format.ts";
import { timestamp } from "../cli/timestamp.ts";
import { headline } from "../show/headline.ts";
import type { Limits } from "../cgroup/limits.ts";
import { taskName } from "../cli/names.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { type ListedExit, listExits } from "../task/survey.ts";
import { unknownTask } from "../task/unknown_task.ts";
import { type TaskState, taskState } from "../task/state.ts";

/**
 * The state of a task for people: a headline, and a line for each thing that is known.
 *
 * @param exits The exit commands of its earlier runs that run.
 */
export function renderState(state: TaskState, exits: readonly ListedExit[] = []): string {
  const { usage } = state;
  const time = (at: number | null) => at === null ? null : timestamp(new Date(at));
  const bytes = (value: number | null | undefined) => value == null ? null : formatBytes(value);
  const cpu = (value: number | null | undefined) =>
    value == null ? null : formatDuration(value / 1e6);
  const both = (one: string | null, text: string, other: string | null) =>
    one === null ? null : one + (other === null ? "" : `${text}${other}`);
  const pressure = Object.entries(usage?.pressure ?? {})
    .flatMap(([name, value]) => value === null ? [] : [`${name} ${value.last10} %`]);
  const lines: [string, string | null][] = [
    ["command", state.command && printable(state.command.join(" "))],
    ["directory", state.directory && printable(state.directory)],
    ["log", state.log && printable(state.log)],
    ["started", time(state.started)],
    ["ended", time(state.ended)],
    ["duration", state.duration === null ? null : formatDuration(state.duration)],
    ["stopped", state.stopped && `by ${state.stopped.by}, ${state.stopped.signal}`],
    ["exit", renderExits(exits)],
    ["processes", state.processes === 0 ? null : String(state.processes)],
    ["CPU", both(cpu(usage?.cpu.total), ", system ", cpu(usage?.cpu.system))],
    ["throttled", usage?.throttled.times ? `${usage.throttled.times} times` : null],
    ["memory", both(bytes(usage?.memory.now), ", peak ", bytes(usage?.memory.peak))],
    ["peak memory", usage?.memory.now == null ? bytes(usage?.memory.peak) : null],
    ["OOM kills", usage?.oomKills ? String(usage.oomKills) : null],
    ["pressure", state.state === "running" ? pressure.join(", ") || null : null],
    ["limits", renderLimits(state.limits) || null],
  ];
  const shown = lines.flatMap(([name, text]) =>
    text === null ? [] : [`  ${name.padEnd(11)} ${text}\n`]
  );
  return `${state.task}: ${headline(state)}\n${shown.join("")}`;
}

function renderExits(exits: readonly ListedExit[]): string | null {
  const pids = exits.flatMap(({ processes }) => processes.map(({ pid }) => pid));
  if (exits.length === 0) return null;
  const what = exits.length === 1 ? "an exit command runs" : `${exits.length} exit commands run`;
  return [what, pids.join(" ")].filter((part) => part !== "").join(": ");
}

function renderLimits(limits: Limits): string {
  const { memory, swap, cpus, cpuWeight, pids, ioWeight } = limits;
  return [
    memory === undefined ? "" : `memory ${formatBytes(memory)}`,
    swap === undefined ? "" : `swap ${formatBytes(swap)}`,
    cpus === undefined ? "" : `${cpus} CPUs`,
    cpuWeight === undefined ? "" : `CPU weight ${cpuWeight}`,
    pids === undefined ? "" : `${pids} processes`,
    ioWeight === undefined ? "" : `IO weight ${ioWeight}`,
  ].filter((text) => text !== "").join(", ");
}

const status: Command = {
  help: `Usage: lanco <namespace> status [--json] task

Shows whether a task runs or how it has ended, and what it uses or has used. Its
state is running, paused, exited, killed, out of memory or unknown.

  --json  print JSON: times in milliseconds since 1970, sizes in bytes, CPU in nanoseconds

Examples:
  lanco web status import
  lanco web status --json import | jq .code
`,
  options: { flags: ["json"], interleaved: true },
  operands: "known tasks",
  async run(context, options) {
    const [name, ...more] = options.operands;
    if (name === undefined || more.length > 0) throw new Usage("which task? Give one name");
    const task = taskName(name);
    const namespace = readNamespace(context.namespace);
    const state = await warning(context, (warn) => taskState(namespace, task, warn));
    if (state === undefined) {
      throw await unknownTask(namespace, task, context);
    }
    const exits = listExits(namespace, (name) => name === task);
    const output: Output<"status"> = { ...state, exitCommands: exits };
    context.print(
      options.count("json") ? printableJson(output) + "\n" : renderState(state, exits),
    );
    return 0;
  },
};

export default status;
