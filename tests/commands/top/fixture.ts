/** The namespace and tasks that the tests of the live view share. */
import type { Task } from "../../../src/show/table.ts";
import { initialState, type State, update } from "../../../src/commands/top/model.ts";

/** The time of the sample, in milliseconds since 1970. */
export const NOW = 1_700_000_000_000;

const MIB = 1024 ** 2;

/** Returns a sleeping task, with the fields that are given. */
export function task(name: string, given: Partial<Task> = {}): Task {
  return {
    id: name,
    name,
    inode: [...name].reduce((sum, character) => sum * 31 + character.charCodeAt(0), 7) % 1e9,
    state: "running",
    processes: 1,
    cpu: 0,
    cpuTime: 0,
    memory: MIB,
    memoryLimit: null,
    cpuLimit: null,
    age: 60_000,
    command: "sleep 1000",
    log: `/var/log/lanco-web/task-${name}.log`,
    logSize: 2048,
    ...given,
  };
}

/** Three different tasks: with limits, with many processes, and paused. */
export const TASKS: readonly Task[] = [
  task("export", {
    cpu: 50.04,
    cpuTime: 98e9,
    cpuLimit: 0.5,
    memory: 300 * MIB,
    memoryLimit: 512 * MIB,
    age: 2 * 3_600_000 + 7 * 60_000,
    command: "./export --to s3://bucket --all --verbose",
  }),
  task("import", { processes: 12, cpu: 131.3, cpuTime: 4.2e9, memory: 1.5 * 1024 * MIB }),
  task("nightly-backup-of-everything", { state: "paused", age: 3 * 86_400_000 }),
];

/** Returns the state after a sample of these tasks, on a host with four processors. */
export function stateOf(tasks: readonly Task[] = TASKS, filter = ""): State {
  const host = { cpus: 4, memory: 16 * 1024 * MIB };
  const sample = { time: NOW, tasks: [...tasks], isTruncated: false };
  return update(initialState("web", host, filter), { type: "sample", sample }).state;
}

/** Returns the state after these keys; their effects are left out. */
export function press(state: State, ...keys: string[]): State {
  return keys.reduce((before, key) => update(before, { type: "key", key }).state, state);
}
