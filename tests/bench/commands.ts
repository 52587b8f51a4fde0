import { LANCO, median, ms, ROUNDS, type Row, run, shimOf, sleep, timed, WORK } from "./measure.ts";

/** What one command costs, on one task. */
export function commands(namespace: string): Row[] {
  const times: Record<"empty" | "check" | "status" | "run" | "stop" | "admission", number[]> = {
    empty: [],
    check: [],
    status: [],
    run: [],
    stop: [],
    admission: [],
  };
  run(LANCO, [namespace, "run", "other", "sleep", "1000"]);
  for (let i = 0; i < ROUNDS + 2; i++) {
    const round = {
      empty: timed(() => run(`${WORK}/empty`, [])),
      check: timed(() => run(LANCO, [namespace, "check", "other"])),
      status: timed(() => run(LANCO, [namespace, "status", "other"])),
      run: timed(() => run(LANCO, [namespace, "run", "task", "sleep", "1000"])),
      stop: timed(() => run(LANCO, [namespace, "stop", "task"])),
    };
    // The first ones warm the caches.
    if (i < 2) continue;
    for (const key of ["empty", "check", "status", "run", "stop"] as const) {
      times[key].push(round[key]);
    }
  }
  for (let i = 0; i < ROUNDS; i++) {
    const said = run(LANCO, ["-d", namespace, "run", "task", "sleep", "1000"]);
    times.admission.push(Number(/admitted in ([\d.]+) ms/.exec(said)?.[1]));
    run(LANCO, [namespace, "stop", "task"]);
  }
  run(LANCO, [namespace, "stop", "other"]);
  const empty = median(times.empty);
  const row = (what: string, value: number, limit: number, allowed: string): Row => ({
    what,
    measured: `${ms(value)} (${(value / empty).toFixed(2)} x)`,
    allowed: allowed === "" ? ms(limit) : `${allowed} = ${ms(limit)}`,
    ok: value <= limit,
  });
  return [
    { what: "an empty compiled program", measured: ms(empty), allowed: "", ok: true },
    row("check", median(times.check), 1.15 * empty, "1.15 x"),
    row("status", median(times.status), 1.2 * median(times.check), "1.2 x check"),
    row("run", median(times.run), 1.15 * empty + 30, "1.15 x + 30 ms"),
    row("admission, within run", median(times.admission), 10, ""),
    row("stop of what dies of TERM", median(times.stop), 150, ""),
  ];
}

/** The processes of all tasks and shims of a namespace. */
function population(namespace: string, cgroup: string): number {
  const file = `/run/lanco/${namespace}/named/${cgroup}/cgroup.procs`;
  try {
    return new Set(Deno.readTextFileSync(file).split("\n").filter(Boolean)).size;
  } catch {
    return 0;
  }
}

/** How long it takes to kill a tree that grows. */
export async function storm(namespace: string, how: string): Promise<Row> {
  const script = `trap "" TERM
    storm() { while :; do sleep 0.05 & sleep 0.05 & wait; done; }
    i=0; while [ $i -lt 140 ]; do storm & i=$((i + 1)); done; wait`;
  run(LANCO, [namespace, "run", "storm", "sh", "-c", script]);
  while (population(namespace, "task-storm") < 400) await sleep(20);
  const count = population(namespace, "task-storm");
  const value = timed(() => run(LANCO, [namespace, "stop", "--now", "storm"]));
  const left = population(namespace, "task-storm");
  return {
    what: `stop --now of ${count} that keep forking, ${how}`,
    measured: `${ms(value)}, ${left} left`,
    allowed: "2000 ms, 0 left",
    ok: value <= 2000 && left === 0,
  };
}

/** What tasks cost that only run. */
export async function residents(namespace: string): Promise<Row[]> {
  const names = Array.from({ length: 100 }, (_, i) => `t${i}`);
  for (const name of names) run(LANCO, [namespace, "run", name, "sleep", "1000"]);
  await sleep(200);
  let deno = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      if (Deno.readLinkSync(`/proc/${name}/exe`).startsWith(LANCO)) deno++;
    } catch { /* not a process, or one that has ended */ }
  }
  const sizes = names.map((name) => {
    const text = Deno.readTextFileSync(`/proc/${shimOf(namespace, name)}/smaps_rollup`);
    return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]);
  });
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  run(LANCO, [namespace, "stop", "--now", ...names]);
  return [
    {
      what: "100 tasks: resident processes of Deno",
      measured: String(deno),
      allowed: "0",
      ok: deno === 0,
    },
    {
      what: "100 tasks: mean PSS of a shim",
      measured: `${mean.toFixed(0)} kB`,
      allowed: "200 kB",
      ok: mean <= 200,
    },
  ];
}
