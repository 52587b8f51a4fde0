import { assert, assertEquals, assertMatch } from "@std/assert";
import { openBatch } from "../batch.ts";
import { cgroupTest, shell, start } from "../harness.ts";

cgroupTest(
  "run --env and --env-file set variables, and --stdin sets the standard input",
  async (ns) => {
    const file = `${ns.scratch}/variables`;
    Deno.writeTextFileSync(file, "# comment\n\nA=from file\nB=a=b c\nodd.name=x\n");
    Deno.writeTextFileSync(`${ns.scratch}/input`, "input\n");
    const given = ["--env-file", "variables", "--env", "A=given", "--env", "odd-name= y"];
    const { code, stderr } = await ns.lancoWith(
      { cwd: ns.scratch, env: { B: "caller", C: "caller" } },
      ...["run", ...given, "--stdin", "input", "a", "env", "cat", "/proc/self/environ", "-"],
    );
    assertEquals([code, stderr], [0, ""]);
    await ns.gone("a");
    const lines = ns.log("a").split(/[\n\0]/);
    for (const line of ["A=given", "B=a=b c", "C=caller", "odd.name=x", "odd-name= y", "input"]) {
      assert(lines.includes(line), `${line} is not in ${lines}`);
    }
    const latin = `${ns.scratch}/latin`;
    Deno.writeFileSync(latin, new Uint8Array([...new TextEncoder().encode("A=caf"), 0xe9, 10]));
    const wrong: [string[], number, RegExp][] = [
      [["--env-file", latin], 1, /"[^"]*latin" is not UTF-8: /],
      [["--env", "A"], 2, /--env must be NAME=VALUE/],
      [["--env", "=x"], 2, /--env must be NAME=VALUE/],
      [["--env-file", "/etc/passwd"], 2, /line 1 of \/etc\/passwd must be NAME=VALUE/],
      [["--env-file", "/no/such"], 1, /cannot read the variables in .*: No such file/],
      [["--env-file", "/etc/shadow"], 6, /cannot read the variables in .*: Permission denied/],
      [["--stdin", "/no/such"], 1, /cannot read the standard input from .*: /],
      [["--stdin", "/etc/shadow"], 1, /cannot read the standard input from .*: /],
    ];
    for (const [options, status, text] of wrong) {
      const { code, stderr } = await ns.lanco("run", ...options, "b", "true");
      assertEquals(code, status, `${options}: ${stderr}`);
      assertMatch(stderr, text);
      assertEquals(stderr.trim().split("\n").length, 1);
    }
    assertEquals(ns.traces().filter((path) => /new-|-b$/.test(path)), []);
  },
);

cgroupTest("run --stdin waits for the writer of a FIFO, and loses no input", async (ns) => {
  const fifo = `${ns.scratch}/fifo`;
  await shell(`mkfifo ${fifo}`);
  const [run] = await Promise.all([
    ns.lanco("run", "--stdin", fifo, "a", "cat"),
    shell(`sleep 0.5; echo all of it >${fifo}`),
  ]);
  assertEquals([run.code, run.stderr], [0, ""]);
  await ns.gone("a");
  assertEquals(ns.log("a"), "all of it\n");
});

cgroupTest(
  "run tells a reason also if its standard input can be read a moment later",
  async (ns) => {
    const file = `${ns.scratch}/input`;
    await shell(`echo input >${file}`);
    // The shell opens the file again to learn the reason.
    const flip = start(["sh", "-c", 'while :; do chmod 0 "$1"; chmod 644 "$1"; done', "sh", file]);
    const batch = openBatch(ns);
    try {
      let vanished = 0;
      for (let i = 0; i < 300 && vanished < 2; i++) {
        const { exitStatus, messages } = await batch.ask("run", "--stdin", file, "a", "true");
        if (exitStatus === 0) await batch.ask("wait", "a");
        else assertMatch(messages.join(), /cannot read the standard input from ".*": \S/);
        if (messages.join().includes("another file was put in its place")) vanished++;
      }
      assert(vanished > 0);
    } finally {
      flip.kill("SIGKILL");
      await flip.status;
      await batch.end();
    }
  },
);
