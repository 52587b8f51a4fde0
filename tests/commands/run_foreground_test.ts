import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exists, LANCO, start, until } from "../harness.ts";

cgroupTest("run -f keeps the standard streams, and exits with the command's status", async (ns) => {
  const { code, stdout, stderr } = await ns.lancoWith(
    { stdin: "from stdin" },
    ...["run", "-f", "a", "sh", "-c", "cat; echo err >&2; exit 42"],
  );
  assertEquals([code, stdout, stderr], [42, "from stdin", "err\n"]);
  assert(!exists(`${ns.logs}/task-a.log`));
  const ends = async (status: number, ...command: string[]) => {
    const { code, stderr } = await ns.lanco("run", "-f", "a", ...command);
    assertEquals(code, status, stderr);
  };
  await ends(127, "no-such-command");
  await ends(126, "/etc/passwd");
  // A failure with 1 could not be told from the status of the command.
  assertEquals((await ns.lanco("run", "-f", "-l", "/no/such/log", "a", "true")).code, 125);
  await ends(137, "sh", "-c", "kill -9 $$");
  await ends(143, "sh", "-c", "kill -TERM $$");
  assertEquals((await ns.lanco("run", "-f", "b", "true")).code, 0);
});

cgroupTest(
  "run -f -L logs the output, and the command inherits only the standard input",
  async (ns) => {
    const { stdout } = await ns.lancoWith(
      { stdin: "in" },
      "run",
      "-f",
      "-L",
      "a",
      "sh",
      "-c",
      "cat; exec ls /proc/self/fd",
    );
    assertEquals(stdout, "");
    // The descriptor 3 is that of ls itself, on the directory that it reads.
    assertEquals(ns.log("a"), "in0\n1\n2\n3\n");
  },
);

cgroupTest("run -f forwards signals to the command", async (ns) => {
  for (
    const [signal, trap] of [["SIGTERM", "TERM"], ["SIGHUP", "HUP"], ["SIGINT", "INT"], [
      "SIGUSR1",
      "USR1",
    ]] as const
  ) {
    const ready = `${ns.scratch}/ready-${trap}`;
    const script =
      `trap "echo got ${trap}; exit 9" ${trap}; : >${ready}; while :; do sleep 0.05; done`;
    const command = [LANCO, ns.name, "run", "-f", "a", "sh", "-c", script];
    const lanco = start(command, { stdout: "piped" });
    await until("the trap is set", () => exists(ready));
    lanco.kill(signal);
    const { code, stdout } = await lanco.output();
    assertEquals([code, new TextDecoder().decode(stdout)], [9, `got ${trap}\n`]);
    await ns.gone("a");
  }
});

cgroupTest("run -f keeps the terminal, whose ^C reaches the command once", async (ns) => {
  const ready = `${ns.scratch}/ready`;
  const script = `trap 'echo got INT' INT; tty; : >${ready}; sleep 1; sleep 1; exit 5`;
  Deno.writeTextFileSync(`${ns.scratch}/task`, script);
  // script(1) starts a shell, which the ^C would kill: it must have executed lanco before that.
  const run = `exec ${LANCO} ${ns.name} run -f a sh ${ns.scratch}/task`;
  const terminal = start(["script", "-qec", run, "/dev/null"], {
    stdin: "piped",
    stdout: "piped",
  });
  await until("the trap is set", () => exists(ready));
  const keys = terminal.stdin.getWriter();
  await keys.write(new Uint8Array([3]));
  const { code, stdout } = await terminal.output().finally(() => keys.close().catch(() => {}));
  const text = new TextDecoder().decode(stdout);
  assertMatch(text, /^\/dev\/pts\/\d+/);
  assertEquals(text.split("got INT").length, 2, text);
  assertEquals(code, 5);
});

cgroupTest(
  "a foreground task survives the death of lanco, and is stopped like any other",
  async (ns) => {
    const lanco = start([LANCO, ns.name, "run", "-f", "a", "sleep", "1000"]);
    await until(
      "it runs",
      () => ns.task("a").some((pid) => Deno.readLinkSync(`/proc/${pid}/exe`).endsWith("/sleep")),
    );
    lanco.kill("SIGKILL");
    await lanco.status;
    await ns.must("check", "a");
    await ns.must("stop", "a");
  },
);
