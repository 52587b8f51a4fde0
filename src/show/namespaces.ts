import type { FileSystem } from "../namespace/in_use.ts";
import type { Output } from "./schema.ts";
import { shortBytes, shortDuration } from "./table.ts";
import { limitWords } from "./limits.ts";

const HEADS = [
  "NAMESPACE",
  "OWNER",
  "GROUP",
  "KEEPER",
  "TASKS",
  "PROCS",
  "CPU",
  "MEMORY",
  "RECORDS",
  "LOGS",
  "LIMITS",
];

const NUMBERS = ["TASKS", "PROCS", "CPU", "MEMORY", "RECORDS", "LOGS"];

/** Renders namespaces as a table, a line each. */
export function renderNamespaces({ namespaces }: Output<"namespaces">): string {
  const rows = [HEADS, ...namespaces.map(cellsOf)];
  const widths = HEADS.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) =>
      NUMBERS.includes(HEADS[i] ?? "") ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
    ).join("  ").trimEnd() + "\n"
  ).join("");
}

function cellsOf(one: Output<"namespaces">["namespaces"][number]): string[] {
  const { namespace, owner, group, keeper, tasks, processes, cpu, memory, limits, why } = one;
  const maybe = <T>(value: T | null, show: (value: T) => string) =>
    value === null ? "-" : show(value);
  return [
    namespace,
    owner ?? "-",
    group ?? "-",
    keeper ?? "-",
    maybe(tasks, String),
    maybe(processes, String),
    maybe(cpu, (time) => shortDuration(time / 1e6)),
    maybe(memory, shortBytes),
    share(one.records),
    share(one.logs),
    why ?? limitWords(limits ?? {}) ?? "-",
  ];
}

/** Returns how much of a file system is in use: of its room, or of its files if those are scarcer. */
function share(of: FileSystem | null): string {
  if (of === null || of.size === 0) return "-";
  const part = Math.max(of.used / of.size, of.files === 0 ? 0 : of.filesUsed / of.files);
  return `${Math.ceil(part * 100)}%`;
}
