/** What the tests of the live view share: a namespace with a few tasks, as it is looked at. */
import type { Task } from "../../src/show/table.ts";
import { initialState, type State, update } from "../../src/top/model.ts";

/** The moment of the sample, in milliseconds since 1970. */
export const NOW = 1_700_000_000_000;

const MIB = 1024 ** 2;

/** A task that sleeps, but for what is given. */
export function task(name: string, given: Partial<Task> = {}): Task {
  return {
    id: name,
    name,
    run: [...name].reduce((sum, character) => sum * 31 + character.charCodeAt(0), 7) % 1e9,
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
    ...given,
  };
}

/** Three tasks of all kinds. */
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

/** The state with these tasks after the first sample, on a host with four processors. */
export function stateOf(tasks: readonly Task[] = TASKS, filter = ""): State {
  const host = { cpus: 4, memory: 16 * 1024 * MIB };
  const sample = { time: NOW, tasks: [...tasks] };
  return update(initialState("web", host, filter), { type: "sample", sample }).state;
}

/** The state after these keys; what they do outside of it is left out. */
export function press(state: State, ...keys: string[]): State {
  return keys.reduce((before, key) => update(before, { type: "key", key }).state, state);
}
