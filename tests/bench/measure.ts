/** What the measurements share. */

export const WORK = Deno.env.get("LANCO_BENCH_DIR") ?? "";
export const PREFIX = Deno.env.get("LANCO_BENCH_PREFIX") ?? "";
export const LANCO = `${WORK}/lanco`;
export const ROUNDS = 30;
export const OWNER = { uid: 65534, gid: 65534 };

export interface Row {
  what: string;
  measured: string;
  allowed: string;
  ok: boolean;
}

/** Runs a program that must succeed. Returns its messages. */
export function run(
  program: string,
  args: string[],
  user: { uid?: number; gid?: number } = OWNER,
): string {
  const { code, stderr } = new Deno.Command(program, { args, cwd: "/", stdin: "null", ...user })
    .outputSync();
  const said = new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`${args.join(" ")}: ${code} ${said}`);
  return said;
}

export function timed(action: () => void): number {
  const begin = performance.now();
  action();
  return performance.now() - begin;
}

export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

export const sleep = (milliseconds: number) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export const ms = (value: number) => `${value.toFixed(1)} ms`;

/** The processor time of a process so far, in milliseconds (proc(5), a tick is 10 ms). */
export function cpuOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The shim of a task, by its record: that of the last run, or by the task's name before 2.0. */
export function shimOf(namespace: string, task: string): number {
  const runs = `/run/lanco/${namespace}/runs`;
  const found = [...Deno.readDirSync(runs)].map(({ name }) => name)
    .filter((name) => name === task || /^[0-9a-z]{26}-/.test(name) && name.slice(27) === task)
    .sort();
  return JSON.parse(Deno.readTextFileSync(`${runs}/${found.at(-1)}/run.json`)).shim;
}
