import { assert, assertEquals, assertMatch } from "@std/assert";
import { FEW_DESCRIPTORS, runWhereShells } from "../faults/shells.ts";
import { cgroupTest, exec, exists, LANCO, shell, type TestNamespace, until } from "../harness.ts";

/** How long a call is held: time enough to lay links, in milliseconds. */
const HOLD = 1500;

/**
 * The calls of openat(2) that are held, one in each launch: those before them load programs, and those
 * after them come when the command is executed.
 */
const FIRST = 4, LAST = 12;

/** Whether a shell of a launch is held at a call by its tracer, and not only for a moment. */
async function isHeld(ns: TestNamespace): Promise<boolean> {
  const held = () =>
    [...Deno.readDirSync("/proc")].some(({ name }) => {
      try {
        const words = Deno.readTextFileSync(`/proc/${name}/cmdline`);
        const status = Deno.readTextFileSync(`/proc/${name}/status`);
        return words.startsWith("/bin/sh\0") && words.includes(ns.name) &&
          /^State:\s+t [^]*^TracerPid:\s+[1-9]/m.test(status);
      } catch {
        return false;
      }
    });
  for (let looks = 0; looks < 5; looks++) {
    if (!held()) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

cgroupTest("no file is made through a link that is laid while a shell opens a file", async (ns) => {
  const made = `${ns.scratch}/made`;
  let laid = "";
  for (let n = FIRST; n <= LAST; n++) {
    await shell(`echo before >${ns.logs}/task-a.log`);
    let over = false;
    const hit = { effect: HOLD, call: "openat", n } as const;
    const run = runWhereShells(hit, ns, "a", "sh", "-c", "exit 7").finally(() => over = true);
    await until("it is held, or over", async () => over || await isHeld(ns));
    const lay =
      `for file in ${ns.directory}/runs/*-a/status ${ns.logs}/.runs/*-a ${ns.logs}/task-a.log; do
      [ ! -e $file ] || [ -h $file ] || { ln -s ${made} ${ns.scratch}/link && mv -T ${ns.scratch}/link $file && echo $file; }
    done`;
    if (!over) laid += (await shell(lay)).stdout;
    const { code, stderr } = await run;
    assert(!exists(made), `openat ${n}: ${code} ${stderr}`);
    await until("the launch is over", () => ns.pids("named/task-a").length === 0);
    await ns.gone("a");
    await exec([
      "sh",
      "-c",
      `rm -rf ${ns.directory}/runs/*-a ${ns.logs}/.runs/*-a ${ns.logs}/*.log*`,
    ]);
  }
  // Else the calls that count were not among those that were held.
  for (const file of ["-a/status\n", "/.runs/", "task-a.log\n"]) assert(laid.includes(file), laid);
});

/** Those of the shim of run -f among which it opens its FIFOs, whatever the shell. */
const FIRST_OF_SHIM = 3, LAST_OF_SHIM = 9;

cgroupTest("nothing is written through a link laid while the shim opens its FIFO", async (ns) => {
  const victim = `${ns.scratch}/victim`;
  await shell(`echo precious >${victim}`);
  let laid = 0;
  for (let n = FIRST_OF_SHIM; n <= LAST_OF_SHIM; n++) {
    let over = false;
    const hold = `inject=openat:delay_enter=${HOLD * 1000}:when=${n}`;
    const tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=openat", "-e", hold];
    const lanco = [LANCO, ns.name, "run", "-f", "a", "sh", "-c", "exit 7"];
    const run = exec([...FEW_DESCRIPTORS, ...tracer, ...lanco], { env: { LC_ALL: "C" } })
      .finally(() => over = true);
    await until("it is held, or over", async () => over || await isHeld(ns));
    const lay = `for file in ${ns.directory}/runs/.new-*/said; do
      [ ! -e $file ] || { ln -s ${victim} ${ns.scratch}/link && mv -T ${ns.scratch}/link $file && echo $file; }
    done`;
    if (!over && (await shell(lay)).stdout !== "") laid++;
    const { code, stderr } = await run;
    assertEquals(Deno.readTextFileSync(victim), "precious\n", `openat ${n}: ${code} ${stderr}`);
    assertMatch(stderr, code === 7 ? /^$/ : /killed before its start|another file was put/);
    await ns.gone("a");
  }
  assert(laid > 0);
});
