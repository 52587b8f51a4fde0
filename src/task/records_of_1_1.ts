// What the version before 2.0 has written down, by the names of tasks: to be removed with 2.1.
import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import type { Boot } from "../namespace/description.ts";
import { namespaceDirectory, runsDirectory } from "../namespace/paths.ts";
import { sinceBoot } from "./clock.ts";
import { checkRun, type RunRecord, type RunStatus } from "./record.ts";
import { BadRecord, openRegular, parseRecord, readRecord } from "./record_file.ts";

/** Where it has its record of the last run of a task. */
export function formerDirectory(namespace: string, task: string): string {
  return `${runsDirectory(namespace)}/${task}`;
}

/**
 * What was launched last under a name, or nothing if that is not known.
 *
 * @throws {BadRecord} if it is no record.
 */
export function readFormerRun(namespace: string, task: string): RunRecord | undefined {
  const text = readRecord(`${formerDirectory(namespace, task)}/run.json`);
  if (text === undefined) return undefined;
  const { version, run, ...rest } = parseRecord(text);
  if (version !== 1) {
    throw new BadRecord("it is not of version 1: ask the lanco that has launched it");
  }
  return checkRun({ ...rest, run: String(run), cgroup: run, pid: null });
}

/** What has become of its first process: a file has the status, another the time since boot. */
export function readFormerStatus(directory: string): RunStatus {
  const read = (name: string) => {
    try {
      return readRecord(`${directory}/${name}`, 32) ?? "";
    } catch (error) {
      if (error instanceof BadRecord || error instanceof Deno.errors.PermissionDenied) return "";
      throw error;
    }
  };
  return { executed: true, ...parseFormerStatus(read("ended"), read("uptime")) };
}

/** Reads these two lines; nothing of what is not written yet. */
export function parseFormerStatus(ended: string, uptime = ""): Partial<RunStatus> {
  if (!/^\d{1,3}\n$/.test(ended) || Number(ended) > 255) return {};
  const time = /^\d{1,12}\.\d\d\n$/.test(uptime) ? Math.round(Number(uptime) * 1000) : undefined;
  return { code: Number(ended), ...(time === undefined ? {} : { uptime: time }) };
}

/** What its release agent has kept of the last run of a task that was started then, in milliseconds since 1970. */
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

/** Keeps its exit commands from being run when they wake: these look for a directory. */
export function forgetFormerExit(namespace: string, task: string, cgroup: number): void {
  try {
    Deno.mkdirSync(`${runsDirectory(namespace)}/.no-exit-${cgroup}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  emptyOldCommand(`${formerDirectory(namespace, task)}/exit-command`);
}

/** Before 2.0 the command was read from this file, which was emptied if it was not to be run. */
function emptyOldCommand(path: string): void {
  unlessGone(() => {
    using file = openRegular(path);
    const { ino, dev } = file.statSync();
    const named = Deno.lstatSync(path);
    // Not where a link leads.
    if (named.ino !== ino || named.dev !== dev) throw new BadRecord("it is a link");
    file.truncateSync();
  }, undefined);
}

/**
 * The boot, of which its `init` has written nothing down: a shell may read it (proc(5)).
 *
 * @throws {Failed} if that cannot be found out.
 */
export function askBoot(): Boot {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", 'read -r id </proc/sys/kernel/random/boot_id && echo "$id"'],
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).outputSync();
  const id = new TextDecoder().decode(stdout).trim();
  if (id === "") throw new Failed("cannot find out which boot this is: is /proc mounted?");
  return { id, at: Date.now() - sinceBoot() };
}
