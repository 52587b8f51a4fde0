// The records of version 1.1.0, which has one for each task: to be removed with version 2.1.
import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { programOutput } from "../cli/program_output.ts";
import type { Boot } from "../namespace/description.ts";
import { namespaceDirectory, runsDirectory } from "../namespace/paths.ts";
import { sinceBoot } from "./clock.ts";
import { checkRun, type RunRecord, type RunStatus } from "./record.ts";
import { BadRecord, openRegular, parseRecord, readRecord, unlessBad } from "./record_file.ts";

/** Returns the directory of version 1.1.0 for the last run of a task. */
export function formerDirectory(namespace: string, task: string): string {
  return `${runsDirectory(namespace)}/${task}`;
}

/**
 * Returns the record of the last run of a task; undefined if there is none.
 *
 * @throws {BadRecord} if the file is no record of version 1.1.0.
 */
export function readFormerRun(namespace: string, task: string): RunRecord | undefined {
  const text = readRecord(`${formerDirectory(namespace, task)}/run.json`);
  if (text === undefined) return undefined;
  const { version, run, ...rest } = parseRecord(text);
  if (version !== 1) {
    throw new BadRecord("it is not of version 1: ask the lanco that has launched it");
  }
  return checkRun({ ...rest, run: String(run), inode: run, pid: null });
}

/** Returns the status of its first process: the file `ended` has the exit status, `uptime` the time since boot. */
export function readFormerStatus(directory: string): RunStatus {
  const read = (name: string) => unlessBad(() => readRecord(`${directory}/${name}`, 32)) ?? "";
  return { executed: true, ...parseFormerStatus(read("ended"), read("uptime")) };
}

/** Parses the texts of these two files. Fields that are not written completely are left out. */
export function parseFormerStatus(ended: string, uptime = ""): Partial<RunStatus> {
  if (!/^\d{1,3}\n$/.test(ended) || Number(ended) > 255) return {};
  const time = /^\d{1,12}\.\d\d\n$/.test(uptime) ? Math.round(Number(uptime) * 1000) : undefined;
  return { code: Number(ended), ...(time === undefined ? {} : { uptime: time }) };
}

/**
 * Returns the counters that the release agent of version 1.1.0 has saved of the last run of a task.
 *
 * @param started The start time of this run, in milliseconds since 1970.
 * @returns undefined if there are none, or they are older than the run.
 */
export function readFormerUsage(
  namespace: string,
  task: string,
  started: number,
): string | undefined {
  const file = `${namespaceDirectory(namespace)}/usage/${task}`;
  return unlessGone(() => {
    const written = Deno.statSync(file).mtime?.getTime() ?? 0;
    return written < started ? undefined : Deno.readTextFileSync(file);
  }, undefined);
}

/** Keeps an exit command of version 1.1.0 from being run when it is thawed: it looks for a directory. */
export function forgetFormerExit(namespace: string, task: string, inode: number): void {
  try {
    Deno.mkdirSync(`${runsDirectory(namespace)}/.no-exit-${inode}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  emptyOldCommand(`${formerDirectory(namespace, task)}/exit-command`);
}

/** Empties the file from which version 1.1.0 reads the exit command. */
function emptyOldCommand(path: string): void {
  unlessGone(() => {
    using file = openRegular(path);
    const { ino, dev } = file.statSync();
    const named = Deno.lstatSync(path);
    // A link is not followed, for it may lead to any file of the user.
    if (named.ino !== ino || named.dev !== dev) throw new BadRecord("it is a link");
    file.truncateSync();
  }, undefined);
}

/**
 * Returns the present boot, which the `init` of version 1.1.0 has not written into namespace.json. A
 * shell reads its id, for this executable may not (proc_sys_kernel(5)).
 *
 * @throws {Failed} if the id cannot be read.
 */
export function askBoot(): Boot {
  const script = 'read -r id </proc/sys/kernel/random/boot_id && echo "$id"';
  const id = programOutput("/bin/sh", "-c", script).trim();
  if (id === "") throw new Failed("cannot find out which boot this is: is /proc mounted?");
  return { id, at: Date.now() - sinceBoot() };
}
