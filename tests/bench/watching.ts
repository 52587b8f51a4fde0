import {
  cpuOf,
  LANCO,
  median,
  ms,
  OWNER,
  ROUNDS,
  type Row,
  run,
  sleep,
  timed,
  WORK,
} from "./measure.ts";

/** Runs `count` tasks of three processes each; by one program, which is faster. */
function populate(namespace: string, count: number): string[] {
  const names = Array.from({ length: count }, (_, i) => `t${i}`);
  const command = ["sh", "-c", "sleep 100000 & sleep 100000 & wait"];
  const lines = names.map((name) =>
    JSON.stringify({ command: "run", args: [name, ...command] }) + "\n"
  );
  const file = `${WORK}/batch`;
  Deno.writeTextFileSync(file, lines.join(""));
  run("/bin/sh", ["-c", `exec "$1" "$2" batch <"$3" >/dev/null`, "sh", LANCO, namespace, file]);
  return names;
}

/** The files that a command reads, as strace(1) sees it. */
function filesRead(args: string[]): string[] {
  const trace = `${WORK}/trace`;
  run(
    "strace",
    ["-f", "--seccomp-bpf", "-qq", "-e", "trace=openat", "-o", trace, LANCO, ...args],
    {},
  );
  // A helper works in the directory of the namespace.
  const found = Deno.readTextFileSync(trace).matchAll(
    /openat\(AT_FDCWD, "(\/run\/lanco\/[^"]*|[a-z,]+\/task-[^"]*)", O_RDONLY/g,
  );
  const directory = `/run/lanco/${args[0]}`;
  const paths = [...found].map(([, path = ""]) =>
    path.startsWith("/") ? path : `${directory}/${path}`
  );
  return paths.filter((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** How much memory a command takes at most, in bytes (time(1), %M). */
function peakMemory(args: string[]): number {
  const said = run("/usr/bin/time", ["-f", "%M", LANCO, ...args]);
  return Number(said.trim().split("\n").at(-1)) * 1024;
}

/** Commands on a namespace of many tasks, against what cat(1) takes for the same files. */
export function many(namespace: string): Row[] {
  const names = populate(namespace, 1000);
  const commands = [["ls"], ["dump"], ["check", ...names]];
  return commands.flatMap(([command = "", ...args]): Row[] => {
    const words = [namespace, command, ...args];
    const list = `${WORK}/files`;
    Deno.writeTextFileSync(list, filesRead(words).join("\0"));
    const times: Record<"empty" | "cat" | "own", number[]> = { empty: [], cat: [], own: [] };
    for (let i = 0; i < ROUNDS / 3; i++) {
      times.empty.push(timed(() => run(`${WORK}/empty`, [])));
      times.cat.push(timed(() => run("xargs", ["-0", "-n", "100000", "-a", list, "cat"])));
      times.own.push(timed(() => run(LANCO, words)));
    }
    const allowed = 2 * median(times.empty) + median(times.cat);
    const memory = peakMemory(words) / 2 ** 20;
    return [
      {
        what: `${command} of 1000 tasks of 3 processes`,
        measured: ms(median(times.own)),
        allowed: `2 x + cat ${ms(median(times.cat))} = ${ms(allowed)}`,
        ok: median(times.own) <= allowed,
      },
      {
        what: `  its peak memory`,
        measured: `${memory.toFixed(0)} MB`,
        allowed: "120 MB",
        ok: memory < 120,
      },
    ];
  });
}

/** What a program in the background costs while it does what it is for, in percent of a processor. */
async function share(pid: number, seconds: number): Promise<number> {
  await sleep(2000);
  const before = cpuOf(pid);
  await sleep(seconds * 1000);
  return (cpuOf(pid) - before) / seconds / 10;
}

/** What the live view costs. */
export async function topOf100(namespace: string): Promise<Row> {
  populate(namespace, 100);
  const terminal = new Deno.Command("script", {
    args: ["-qec", `exec ${LANCO} ${namespace} top -n 1`, "/dev/null"],
    env: { TERM: "xterm", LC_ALL: "C.UTF-8" },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    ...OWNER,
  }).spawn();
  await sleep(1000);
  const [pid] = Deno.readTextFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`).split(
    " ",
  );
  const value = await share(Number(pid), 20);
  terminal.kill("SIGTERM");
  await terminal.status;
  return {
    what: "top of 100 tasks, once a second",
    measured: `${value.toFixed(2)} % of a processor`,
    allowed: "3 %",
    ok: value <= 3,
  };
}

/** What it costs to follow a log, and how soon a line is there. */
export async function followed(namespace: string): Promise<Row[]> {
  const script = "sleep 25; for i in 1 2 3 4 5 6 7 8 9; do date +%s%3N; sleep 0.2; done";
  run(LANCO, [namespace, "run", "talker", "sh", "-c", script]);
  const process = new Deno.Command(LANCO, {
    args: [namespace, "logs", "-f", "talker"],
    cwd: "/",
    stdin: "null",
    stdout: "piped",
    ...OWNER,
  }).spawn();
  const idle = await share(process.pid, 20);
  const delays: number[] = [];
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    for (const line of text.trim().split("\n")) delays.push(Date.now() - Number(line));
  }
  return [
    {
      what: "logs -f of a silent task",
      measured: `${idle.toFixed(2)} % of a processor`,
      allowed: "0.1 %",
      ok: idle <= 0.1,
    },
    {
      what: `logs -f: from a line to its reader, worst of ${delays.length}`,
      measured: ms(Math.max(...delays)),
      allowed: "100.0 ms",
      ok: delays.length === 9 && Math.max(...delays) <= 100,
    },
  ];
}
