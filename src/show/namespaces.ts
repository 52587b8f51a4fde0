import type { FileSystem } from "../namespace/in_use.ts";
import type { Output } from "./schema.ts";
import { aligned, maybe, type PlainColumn, shortBytes, shortDuration } from "./table.ts";
import { limitWords } from "./limits.ts";

const COLUMNS: readonly PlainColumn<Output<"namespaces">["namespaces"][number]>[] = [
  { head: "NAMESPACE", cell: ({ namespace }) => namespace },
  { head: "OWNER", cell: ({ owner }) => owner ?? "-" },
  { head: "GROUP", cell: ({ group }) => group ?? "-" },
  { head: "KEEPER", cell: ({ keeper }) => keeper ?? "-" },
  { head: "TASKS", right: true, cell: ({ tasks }) => maybe(tasks, String) },
  { head: "PROCS", right: true, cell: ({ processes }) => maybe(processes, String) },
  { head: "CPU", right: true, cell: ({ cpu }) => maybe(cpu, (time) => shortDuration(time / 1e6)) },
  { head: "MEMORY", right: true, cell: ({ memory }) => maybe(memory, shortBytes) },
  { head: "RECORDS", right: true, cell: ({ records }) => share(records) },
  { head: "LOGS", right: true, cell: ({ logs }) => share(logs) },
  { head: "LIMITS", cell: ({ limits, why }) => why ?? limitWords(limits ?? {}) ?? "-" },
];

/** Renders namespaces as a table, a line each. */
export function renderNamespaces({ namespaces }: Output<"namespaces">): string {
  return aligned(COLUMNS, namespaces, "  ");
}

/** Returns how much of a file system is in use: of its room, or of its files if those are scarcer. */
function share(of: FileSystem | null): string {
  if (of === null || of.size === 0) return "-";
  const part = Math.max(of.used / of.size, of.files === 0 ? 0 : of.filesUsed / of.files);
  return `${Math.ceil(part * 100)}%`;
}
