import { timestamp } from "../cli/timestamp.ts";
import { headline } from "./headline.ts";
import type { Output } from "./schema.ts";
import { aligned, maybe, type PlainColumn, shortDuration } from "./table.ts";

const COLUMNS: readonly PlainColumn<Output<"runs">["runs"][number]>[] = [
  { head: "RUN", cell: ({ run }) => run ?? "-" },
  { head: "TASK", cell: ({ task }) => task },
  { head: "STARTED", cell: ({ started }) => maybe(started, (at) => timestamp(new Date(at))) },
  { head: "DURATION", cell: ({ duration }) => maybe(duration, shortDuration) },
  { head: "STATUS", cell: ({ code, signal }) => String(code ?? signal ?? "-") },
  { head: "STATE", cell: headline },
];

/** Renders runs as a table, a line each. No cell but the last, the state in words, contains blanks. */
export function renderRuns({ runs }: Output<"runs">): string {
  return aligned(COLUMNS, runs);
}
