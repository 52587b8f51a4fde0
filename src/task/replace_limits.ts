import { removeQuietly } from "../cgroup/cgroup.ts";
import type { Limits } from "../cgroup/limits.ts";
import { formatRun } from "./record.ts";
import type { RecordedRun } from "./records.ts";

/**
 * Replaces the limits in the record of a run. The file gets its name by rename(2), so that readers
 * see the whole record. A failure is ignored: the limits are in force all the same.
 */
export function replaceLimits({ directory, record }: RecordedRun, limits: Limits): void {
  const file = `${directory}/.limits-${crypto.randomUUID()}`;
  try {
    Deno.writeTextFileSync(file, formatRun({ ...record, limits }), {
      createNew: true,
      mode: 0o640,
    });
    Deno.renameSync(file, `${directory}/run.json`);
  } catch {
    // The disk is full, or the record has been removed.
    removeQuietly(file);
  }
}
