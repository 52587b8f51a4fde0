import type { Limits } from "../cgroup/limits.ts";
import { printable } from "../cli/printable.ts";
import type { Labels } from "../task/labels.ts";
import type { StopManner } from "../task/stop_manner.ts";
import { timestamp } from "../cli/timestamp.ts";
import type { ListedExitCommand } from "../task/survey.ts";
import { formatBytes, formatDuration } from "./format.ts";
import { type Paint, plain } from "./colour.ts";
import { headline } from "./headline.ts";
import type { Output } from "./schema.ts";

/** Renders the state of a task: a headline, and a line for each field that is known. */
export function renderState(
  { exitCommands, ...state }: Output<"status">,
  paint: Paint = plain,
): string {
  const { usage } = state;
  const time = (at: number | null) => at === null ? null : timestamp(new Date(at));
  const bytes = (value: number | null | undefined) => value == null ? null : formatBytes(value);
  const file = (path: string | null, size: number | null) =>
    path && both(printable(path), ", ", bytes(size));
  const cpu = (value: number | null | undefined) =>
    value == null ? null : formatDuration(value / 1e6);
  const both = (one: string | null, text: string, other: string | null) =>
    one === null ? null : one + (other === null ? "" : `${text}${other}`);
  const pressure = Object.entries(usage?.pressure ?? {})
    .flatMap(([name, value]) => value === null ? [] : [`${name} ${value.last10} %`]);
  const lines: [string, string | null][] = [
    ["command", state.command && printable(state.command.join(" "))],
    ["directory", state.directory && printable(state.directory)],
    ["log", file(state.log, state.logSize)],
    ["stderr", file(state.stderr, state.stderrSize)],
    ["log-max", bytes(state.logMax)],
    ["started", time(state.started)],
    ["ended", time(state.ended)],
    ["duration", state.duration === null ? null : formatDuration(state.duration)],
    ["stopped", state.stopped && `by ${state.stopped.by}, ${state.stopped.signal}`],
    ["exit", renderExits(exitCommands)],
    ["processes", state.processes === 0 ? null : String(state.processes)],
    ["CPU", both(cpu(usage?.cpu.total), ", system ", cpu(usage?.cpu.system))],
    ["throttled", usage?.throttled.times ? `${usage.throttled.times} times` : null],
    ["memory", both(bytes(usage?.memory.now), ", peak ", bytes(usage?.memory.peak))],
    ["peak memory", usage?.memory.now == null ? bytes(usage?.memory.peak) : null],
    ["OOM kills", usage?.oomKills ? String(usage.oomKills) : null],
    ["pressure", state.state === "running" ? pressure.join(", ") || null : null],
    ["labels", renderLabels(state.labels) || null],
    ["limits", renderLimits(state.limits) || null],
    ["stop", renderStop(state.stop) || null],
    ["time limit", state.timeout && formatDuration(state.timeout.after)],
  ];
  const shown = lines.flatMap(([name, text]) =>
    text === null ? [] : [`  ${name.padEnd(11)} ${text}\n`]
  );
  return `${state.task}: ${paint(headline(state), state)}\n${shown.join("")}`;
}

function renderExits(exits: readonly ListedExitCommand[]): string | null {
  const pids = exits.flatMap(({ processes }) => processes.map(({ pid }) => pid));
  if (exits.length === 0) return null;
  const count = exits.length === 1 ? "an exit command runs" : `${exits.length} exit commands run`;
  return [count, pids.join(" ")].filter((part) => part !== "").join(": ");
}

function renderStop({ signal, timeout, main }: StopManner): string {
  return [
    signal ?? "",
    main ? "to the command alone" : "",
    timeout === undefined ? "" : `after ${formatDuration(timeout)} SIGKILL`,
  ].filter((text) => text !== "").join(", ");
}

function renderLabels(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => printable(`${name}=${value}`)).join(", ");
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
