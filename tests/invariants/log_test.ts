import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exists, OWNER, shell, until } from "../harness.ts";

cgroupTest("invariant 6: the task writes into the log itself, which appends", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "echo one; echo two >&2; sleep 1000");
  const [pid = 0] = ns.task("a");
  for (const fd of [1, 2]) {
    assertEquals(Deno.readLinkSync(`/proc/${pid}/fd/${fd}`), `${ns.logs}/task-a.log`);
    const flags = /flags:\s*(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/fdinfo/${fd}`))?.[1];
    assert(parseInt(flags ?? "", 8) & 0o2000, "O_APPEND");
  }
  await until("it has written", () => ns.log("a") === "one\ntwo\n");
});

cgroupTest("invariant 6: nothing is lost when the shim is killed", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "for i in 1 2 3; do sleep 0.3; echo $i; done");
  Deno.kill(ns.shim("a"), "SIGKILL");
  await ns.gone("a");
  assertEquals(ns.log("a"), "1\n2\n3\n");
});

cgroupTest("invariant 6: two writers and a truncation do not overwrite each other", async (ns) => {
  await ns.must(
    "run",
    "a",
    "sh",
    "-c",
    "echo before; while [ ! -e go ]; do sleep 0.02; done; echo after",
    "--",
  );
  await until("it has written", () => ns.log("a") === "before\n");
  await ns.must("stop", "a");
  const go = `${ns.scratch}/go`;
  await ns.must(
    "run",
    "a",
    "sh",
    "-c",
    `echo before; while [ ! -e ${go} ]; do sleep 0.02; done; echo after`,
  );
  await until("it has written", () => ns.log("a") === "before\n");
  Deno.truncateSync(`${ns.logs}/task-a.log`);
  await shell(`touch ${go}`);
  await ns.gone("a");
  assertEquals(ns.log("a"), "after\n");
});

cgroupTest("logs are rotated at each start, .1 is the newest, ten are kept", async (ns) => {
  const elsewhere = `${ns.scratch}/b.log`;
  for (let i = 1; i <= 13; i++) {
    await ns.must("run", "a", "echo", String(i));
    await ns.must("run", "-l", elsewhere, "b", "echo", String(i));
    await ns.gone("a");
    await ns.gone("b");
  }
  const both = (suffix: string) =>
    [`${ns.logs}/task-a.log`, elsewhere].map((log) =>
      exists(log + suffix) ? Deno.readTextFileSync(log + suffix) : "none"
    );
  const twice = (text: string) => [text, text];
  for (const [suffix, text] of [["", "13\n"], [".1", "12\n"], [".10", "3\n"], [".11", "none"]]) {
    assertEquals(both(suffix ?? ""), twice(text ?? ""));
  }
  const again = async (keep: string, text: string) => {
    await ns.must("run", "--keep", keep, "a", "echo", text);
    await ns.must("run", "--keep", keep, "-l", elsewhere, "b", "echo", text);
    await ns.gone("a");
    await ns.gone("b");
  };
  await again("2", "14");
  assertEquals([both(""), both(".1"), both(".2")].map(([a]) => a), ["14\n", "13\n", "12\n"]);
  assertEquals([both(""), both(".1"), both(".2")].map(([, b]) => b), ["14\n", "13\n", "12\n"]);
  for (const suffix of [".3", ".10"]) assertEquals(both(suffix), twice("none"));
  await again("0", "15");
  assertEquals([both(""), both(".1")], [twice("15\n"), twice("none")]);
});

cgroupTest(
  "a log is its owner's to write and the group's to read, whatever the umask",
  async (ns) => {
    for (const umask of ["000", "077", "0777"]) {
      const { code } = await shell(
        `umask ${umask}; exec "$0" "$@"`.replace(
          '"$0" "$@"',
          `${Deno.env.get("LANCO_EXE")} ${ns.name} run a${umask} true`,
        ),
      );
      assertEquals(code, 0);
      const { mode, uid } = Deno.statSync(`${ns.logs}/task-a${umask}.log`);
      assertEquals([((mode ?? 0) & 0o7777).toString(8), uid], ["640", OWNER]);
    }
  },
);

cgroupTest("-l logs anywhere the caller may write, relative to his directory", async (ns) => {
  const cwd = ns.scratch;
  assertEquals((await ns.lancoWith({ cwd }, "run", "-l", "here.log", "a", "echo", "1")).code, 0);
  await ns.gone("a");
  await ns.must("run", "-l", `${cwd}/here.log`, "--chdir", "/", "a", "echo", "2");
  await ns.gone("a");
  assertEquals(Deno.readTextFileSync(`${cwd}/here.log`), "2\n");
  assertEquals(Deno.readTextFileSync(`${cwd}/here.log.1`), "1\n");
  await ns.must("run", "-l", "/dev/null", "a", "echo", "3");
  await ns.gone("a");
  assertEquals(ns.traces().filter((path) => path.endsWith(".log")), []);
});

cgroupTest("a log that cannot be written makes run fail, and nothing is left", async (ns) => {
  for (const log of ["/proc/nope.log", "/root/x.log", `${ns.scratch}/no/such/dir.log`, "/"]) {
    const { code, stderr } = await ns.lanco("run", "-l", log, "a", "touch", `${ns.scratch}/ran`);
    assertEquals(code, 1);
    assert(stderr.includes(`cannot write to the log "${log}": `), stderr);
    assertEquals(stderr.trim().split("\n").length, 1);
  }
  assert(!exists(`${ns.scratch}/ran`));
  assertEquals(ns.traces(), []);
});
