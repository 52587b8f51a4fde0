import { unlessGone } from "../cgroup/cgroup.ts";
import { onceDirectory } from "../namespace/paths.ts";
import { parseRun, type RunRecord } from "./record.ts";
import { BadRecord, LONGEST_RECORD, readRecord } from "./record_file.ts";
import { keptList, type Runs, runsByTask } from "./run_names.ts";

/**
 * What is left of a run that is to be the only one of its task: a mark on disk that stays until it
 * is forgotten. Its first line is the id of the run, by which the shim recognises it. Then comes
 * room, into which the shim writes how the run ended, and the record of the run, which is complete
 * and on the disk before the command is executed.
 */
export interface OnceRecord {
  /** The record; undefined if it is not complete: then the command was never executed. */
  record: RunRecord | undefined;
  /** The exit status as a shell gives it; undefined if the run has not ended, or nobody could tell. */
  code: number | undefined;
}

/** The room for the line `ended STATUS`, which is shorter. */
const ROOM = " ".repeat(16);

/** The greatest length of such a mark, in bytes. */
const LONGEST = LONGEST_RECORD + 100;

/** Returns the text with which the mark of a run begins. */
export function beginningOfOnce(run: string): string {
  return `${run}\n${ROOM}\n`;
}

/**
 * Parses the mark of a run. The owner of the namespace can write anything there.
 *
 * @throws {BadRecord} if lanĉo cannot have written it, even if it was interrupted.
 */
export function parseOnce(text: string, run: string): OnceRecord {
  const lines = text.split("\n");
  if (lines.shift() !== run) throw new BadRecord("it does not begin with the id of the run");
  const [, code] = /^ended (\d{1,3})$/.exec(lines[0] ?? "") ?? [];
  if (code !== undefined) lines.shift();
  const [room = "", json = "", end, ...more] = lines;
  if (!/^ *$/.test(room) || Number(code ?? 0) > 255 || more.length > 0) {
    throw new BadRecord("a line of it is not lanco's");
  }
  if (end !== "") {
    if (code === undefined && `${room}\n`.startsWith(ROOM)) {
      return { record: undefined, code: undefined };
    }
    throw new BadRecord("its end is missing");
  }
  const record = parseRun(json);
  if (record.run !== run) throw new BadRecord("it is of another run");
  return { record, code: code === undefined ? undefined : Number(code) };
}

/** Returns the exit status in the beginning of a mark; undefined if there is none. */
export function codeOfOnce(text: string): number | undefined {
  const [, code] = /^[^\n]{26}\nended (\d{1,3})\n *\n/.exec(text) ?? [];
  return code === undefined || Number(code) > 255 ? undefined : Number(code);
}

/**
 * Reads the mark of a run.
 *
 * @returns undefined if there is none.
 * @throws {BadRecord} if lanĉo cannot have written it.
 */
export function readOnce(namespace: string, task: string, run: string): OnceRecord | undefined {
  const text = readRecord(onceMark(namespace, task, run), LONGEST);
  return text === undefined ? undefined : parseOnce(text, run);
}

/** Returns the path of the mark of a run. */
export function onceMark(namespace: string, task: string, run: string): string {
  return `${onceDirectory(namespace)}/${run}-${task}`;
}

/** Returns whether a run is to be the only one of its task. */
export function isOnce(namespace: string, task: string, run: string): boolean {
  return unlessGone(() => Deno.lstatSync(onceMark(namespace, task, run)), undefined) !== undefined;
}

/**
 * Lists the marks of a namespace. The list is kept, and read again only if the directory has changed.
 *
 * @throws {Deno.errors.PermissionDenied} if the caller may not read them.
 */
export function onceRuns(namespace: string): Runs {
  return unlessGone(() => listOfMarks(onceDirectory(namespace)), new Map());
}

const listOfMarks = keptList((names) => runsByTask(names));
