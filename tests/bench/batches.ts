import { cpuOf, LANCO, median, ms, OWNER, type Row, run, shimOf, sleep } from "./measure.ts";

const TASKS = 500;
const ENDS = 50;
const WAITS = 10_000;
const ANSWERS = 100_000;

/** A lanĉo that stays, and what it says line by line. */
export class Session {
  #lines = 0;
  #asked = 0;
  #rest = "";
  readonly #waiting = new Map<number, (status: number) => void>();
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(private readonly process: Deno.ChildProcess) {
    this.#writer = process.stdin.getWriter();
    this.#listen();
  }

  static open(...args: string[]): Session {
    const pipes = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
    return new Session(new Deno.Command(LANCO, { args, cwd: "/", ...pipes, ...OWNER }).spawn());
  }

  /** Its process id. */
  get pid(): number {
    return this.process.pid;
  }

  /** How many lines it has said. */
  get lines(): number {
    return this.#lines;
  }

  async #listen(): Promise<void> {
    for await (const text of this.process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      // The first one says who speaks.
      this.#lines += lines.filter((line) => !line.startsWith('{"lanco"')).length;
      if (this.#waiting.size === 0) continue;
      for (const { id, exitStatus } of lines.map((line) => JSON.parse(line))) {
        this.#waiting.get(id)?.(exitStatus);
      }
    }
  }

  /** Sends requests, and returns when there are so many lines more. */
  async ask(requests: object[], answers = requests.length): Promise<void> {
    const wanted = this.#lines + answers;
    const text = requests.map((request) => JSON.stringify(request) + "\n").join("");
    await this.#writer.write(new TextEncoder().encode(text));
    while (this.#lines < wanted) await sleep(1);
  }

  /** Makes one request, which must end so. */
  async must(status: number, command: string, ...args: string[]): Promise<void> {
    const id = this.#asked++;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.set(id, resolve);
    const text = JSON.stringify({ id, command, args }) + "\n";
    await this.#writer.write(new TextEncoder().encode(text));
    const exitStatus = await promise;
    this.#waiting.delete(id);
    if (exitStatus !== status) throw new Error(`${text}gave ${exitStatus}, not ${status}`);
  }

  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    this.process.kill("SIGTERM");
    await this.process.status;
  }
}

/** The memory of a process: of it and of what it shares, in bytes (proc_pid_status(5), VmRSS). */
function memory(pid: number, key = "VmRSS"): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1]) * 1024;
}

/** What requests of a batch take, and how much memory they are given. */
export async function batches(namespace: string): Promise<Row[]> {
  const batch = Session.open(namespace, "batch");
  const names = Array.from({ length: 200 }, (_, i) => `t${i}`);
  const same = (count: number, request: object) => Array.from({ length: count }, () => request);
  await batch.ask([{ command: "run", args: ["a", "sleep", "1000"] }]);
  const timed = async (requests: object[]) => {
    const begin = performance.now();
    await batch.ask(requests);
    return (performance.now() - begin) / requests.length;
  };
  const launch = await timed(names.map((name) => ({ command: "run", args: [name, "sleep", "9"] })));
  await batch.ask([{ command: "stop", args: ["--now", ...names] }]);
  const check = await timed(same(5000, { command: "check", args: ["a"] }));
  const status = await timed(same(5000, { command: "status", args: ["a"] }));
  await timed(same(ANSWERS / 2, { command: "check", args: ["a"] }));
  const half = memory(batch.pid);
  await timed(same(ANSWERS / 2, { command: "check", args: ["a"] }));
  const all = memory(batch.pid);
  const waits = Array.from({ length: WAITS }, (_, id) => ({ id, command: "wait", args: ["a"] }));
  await batch.ask([...waits, { command: "check", args: ["a"] }], 1);
  const waiting = memory(batch.pid, "VmHWM");
  await batch.ask([{ command: "stop", args: ["--now", "a"] }], WAITS + 1);
  await batch.close();
  const mb = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`;
  const row = (what: string, value: number, allowed: number) => ({
    what: `batch: ${what}`,
    measured: `${value.toFixed(3)} ms`,
    allowed: `${allowed} ms`,
    ok: value <= allowed,
  });
  return [
    row("launch, of 200 asked for at once", launch, 5),
    row("check, of 5000", check, 0.2),
    row("status, of 5000", status, 0.5),
    {
      what: `batch: memory after ${ANSWERS / 2} answers, and after ${ANSWERS}`,
      measured: `${mb(half)}, ${mb(all)}`,
      allowed: "10 MB more",
      ok: all - half < 10 * 2 ** 20,
    },
    {
      what: `batch: memory at its highest, ${WAITS} waits under way`,
      measured: mb(waiting),
      allowed: "150 MB",
      ok: waiting < 150 * 2 ** 20,
    },
  ];
}

/** How soon an end is told of, and what it costs to wait for one. */
export async function hearing(namespace: string): Promise<Row[]> {
  const names = Array.from({ length: TASKS }, (_, i) => `e${i}`);
  const batch = Session.open(namespace, "batch");
  await batch.ask(names.map((name) => ({ command: "run", args: [name, "sleep", "1000"] })));
  const events = Session.open(namespace, "events", "--json");
  while (events.lines < TASKS) await sleep(10);
  await sleep(2000);
  const before = cpuOf(events.pid);
  await sleep(10_000);
  const idle = cpuOf(events.pid) - before;
  const delays: number[] = [];
  for (const name of names.slice(0, ENDS)) {
    const shim = shimOf(namespace, name);
    const child = Deno.readTextFileSync(`/proc/${shim}/task/${shim}/children`).trim();
    const begin = performance.now();
    Deno.kill(Number(child), "SIGKILL");
    const count = events.lines;
    while (events.lines === count) await sleep(0);
    delays.push(performance.now() - begin);
    await sleep(50);
  }
  await events.close();
  await batch.close();
  run(LANCO, [namespace, "stop", "--now", ...names.slice(ENDS)]);
  return [
    {
      what: `events: from an end to its line, ${TASKS} tasks, median and worst of ${ENDS}`,
      measured: `${ms(median(delays))}, ${ms(Math.max(...delays))}`,
      allowed: "10.0 ms",
      ok: median(delays) <= 10,
    },
    {
      what: `events: processor time of 10 s without any, ${TASKS} tasks`,
      measured: `${idle} ms`,
      allowed: "0 ms",
      ok: idle === 0,
    },
  ];
}
