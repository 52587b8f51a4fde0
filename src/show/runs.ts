import { timestamp } from "../cli/timestamp.ts";
import { headline } from "./headline.ts";
import type { Output } from "./schema.ts";
import { shortDuration } from "./table.ts";

/** Renders runs as a table, a line each. No cell but the last, the state in words, contains blanks. */
export function renderRuns({ runs }: Output<"runs">): string {
  const cells = runs.map(({ run, task, started, duration, code, signal, ...more }) => [
    run ?? "-",
    task,
    started === null ? "-" : timestamp(new Date(started)),
    duration === null ? "-" : shortDuration(duration),
    String(code ?? signal ?? "-"),
    headline({ code, signal, ...more }),
  ]);
  const lines = [["RUN", "TASK", "STARTED", "DURATION", "STATUS", "STATE"], ...cells];
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((line) =>
    line.map((cell, i) => cell.padEnd(widths?.[i] ?? 0)).join(" ").trimEnd() + "\n"
  ).join("");
}
