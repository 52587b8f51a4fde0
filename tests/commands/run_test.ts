import { assert, assertEquals, assertMatch } from "@std/assert";
import { answersIn } from "../batch.ts";
import { cgroupTest, exec, exists, LANCO, lives, messages, shell, until } from "../harness.ts";

cgroupTest(
  "run of a file that cannot be executed fails with a reason, and leaves no files",
  async (ns) => {
    const file = (name: string, content: string, mode: number) => {
      Deno.writeTextFileSync(`${ns.scratch}/${name}`, content);
      Deno.chmodSync(`${ns.scratch}/${name}`, mode);
      return `${ns.scratch}/${name}`;
    };
    const cases: [string, number, RegExp][] = [
      [
        "no-such-command",
        127,
        /cannot run "no-such-command": no such command: give its path, or set PATH/,
      ],
      ["/no/such/file", 127, /no such command: correct its path/],
      ["", 127, /no such command/],
      [file("plain", "text", 0o644), 126, /not an executable file: see "chmod \+x"/],
      [ns.scratch, 126, /not an executable file/],
      [
        file("script", "#!/no/such/interpreter\n", 0o755),
        127,
        /interpreter was not found: see its first line/,
      ],
    ];
    for (const [command, status, text] of cases) {
      const { code, stdout, stderr } = await ns.lanco(
        "run",
        "-c",
        `touch ${ns.scratch}/exit`,
        "a",
        command,
        "x",
      );
      assertEquals([code, stdout], [status, ""], stderr);
      const [message, ...more] = messages(stderr);
      assertEquals(more, []);
      assertMatch(message?.text ?? "", text);
      assertEquals(ns.traces(), [], command);
    }
    assert(!exists(`${ns.scratch}/exit`));
    // The record and the log of the run before are still there.
    await ns.must("run", "a", "echo", "hello");
    await ns.gone("a");
    const before = await ns.tracesAtRest();
    assertEquals((await ns.lanco("run", "a", "no-such-command")).code, 127);
    assertEquals(ns.traces(), before);
    assertEquals(ns.log("a"), "hello\n");
  },
);

cgroupTest("run executes a command that begins with a dash only after --", async (ns) => {
  const odd = `${ns.scratch}/-odd`;
  Deno.writeTextFileSync(odd, "#!/bin/sh\nexec sleep 1000\n");
  Deno.chmodSync(odd, 0o755);
  const env = { PATH: `${ns.scratch}:/usr/bin:/bin` };
  for (const words of [["a", "-odd"], ["--", "a", "-odd"]]) {
    const { code, stderr } = await ns.lancoWith({ env }, "run", ...words);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, /"-odd" is no command: options go before the task's name/);
  }
  assertEquals(ns.traces(), []);
  assertEquals((await ns.lancoWith({ env }, "run", "a", "--", "-odd")).code, 0);
  const requests = [{ id: 1, command: "run", task: "b", args: ["--", "-odd"] }, {
    id: 2,
    command: "run",
    args: ["c", "-odd"],
  }];
  const lines = requests.map((request) => JSON.stringify(request) + "\n").join("");
  const batch = await ns.lancoWith({ env, stdin: lines }, "batch");
  const statuses = answersIn(batch.stdout)
    .sort((a, b) => a.id - b.id).map(({ exitStatus }) => exitStatus);
  assertEquals(statuses, [0, 2]);
});

cgroupTest(
  "run finds commands by the caller's PATH, or by ./ in the caller's directory",
  async (ns) => {
    await shell(
      `mkdir ${ns.scratch}/bin; printf '#!/bin/sh\\necho "$0"\\n' >${ns.scratch}/bin/mine; chmod +x ${ns.scratch}/bin/mine`,
    );
    const env = { PATH: `/nonexistent:${ns.scratch}/bin` };
    assertEquals((await ns.lancoWith({ env }, "run", "a", "mine")).code, 0);
    await ns.gone("a");
    assertEquals(ns.log("a"), `${ns.scratch}/bin/mine\n`);
    await ns.must("run", "--chdir", `${ns.scratch}/bin`, "a", "./mine");
    await ns.gone("a");
    assertEquals(ns.log("a"), "./mine\n");
    // Names of shell builtins, and scripts without an interpreter, are treated like other commands.
    Deno.writeTextFileSync(`${ns.scratch}/bare`, "echo bare\n");
    Deno.chmodSync(`${ns.scratch}/bare`, 0o755);
    await ns.must("run", "a", `${ns.scratch}/bare`);
    await ns.gone("a");
    assertEquals(ns.log("a"), "bare\n");
    assertEquals((await ns.lanco("run", "a", "export")).code, 127);
  },
);

cgroupTest("run passes every argument to the command unchanged", async (ns) => {
  const args = [
    "",
    " ",
    "a b",
    "*",
    "$HOME",
    "`id`",
    "'",
    '"',
    "\\",
    "-f",
    "--",
    "two\nlines",
    "é",
    "%s",
    "x".repeat(100_000),
  ];
  await ns.must("run", "a", "--", "printf", "[%s]", ...args);
  await ns.gone("a");
  assertEquals(ns.log("a"), args.map((arg) => `[${arg}]`).join(""));
});

cgroupTest(
  "run takes task names that look like values and operands that look like options",
  async (ns) => {
    for (const name of ["true", "false", "010", "_", "a".repeat(200)]) {
      await ns.must("run", "-L", name, "sleep", "1000");
      await ns.must("check", name);
    }
    assertEquals(Object.keys(JSON.parse(await ns.must("ls", "--json")).tasks).length, 5);
    await ns.must("start", "--", "x", "sh", "-c", "echo -f");
  },
);

cgroupTest("run --chdir fails for a path that is no directory, and leaves no files", async (ns) => {
  for (const directory of ["/no/such", "/etc/passwd", "/root"]) {
    const { code, stderr } = await ns.lanco("run", "--chdir", directory, "a", "true");
    assertEquals(code, 1);
    assertMatch(stderr, new RegExp(`cannot enter the directory "${directory}": `));
  }
  assertEquals(ns.traces(), []);
});

cgroupTest(
  "run from a deleted directory fails with status 1, and starts no task",
  async (ns) => {
    const line =
      `mkdir ${ns.scratch}/gone; cd ${ns.scratch}/gone; rmdir ${ns.scratch}/gone; ${LANCO} ${ns.name} run a touch ${ns.scratch}/ran`;
    assertEquals((await shell(line)).code, 1);
    assert(!exists(`${ns.scratch}/ran`));
    assertEquals(ns.traces(), []);
  },
);

cgroupTest("run -c gives the exit command the namespace, the task and the status", async (ns) => {
  const mark = `${ns.scratch}/mark`;
  const command = `echo to the log; echo "$LANCO_NAMESPACE $LANCO_TASK $LANCO_STATUS" >>${mark}`;
  await ns.must("run", "-c", command, "a", "sh", "-c", "echo task; exit 42");
  await until("it has run", () => exists(mark));
  assertEquals(Deno.readTextFileSync(mark), `${ns.name} a 42\n`);
  assertEquals(ns.log("a"), "task\nto the log\n");
  // The exit command runs when the last process has ended, and gets the status of the first.
  await ns.must("run", "-c", command, "b", "sh", "-c", `(sleep 0.5; echo late >>${mark}) & exit 3`);
  await until("it has run", () => Deno.readTextFileSync(mark).includes(" b "));
  assertEquals(Deno.readTextFileSync(mark).split("\n").slice(1, 3), ["late", `${ns.name} b 3`]);
  await ns.must("run", "-c", command, "c", "sleep", "1000");
  await ns.must("stop", "c");
  await until("it has run", () => Deno.readTextFileSync(mark).includes(` c 143\n`));
  // A new run of the task does not inherit the exit command.
  await ns.must("run", "c", "true");
  await ns.gone("c");
  await new Promise((resolve) => setTimeout(resolve, 200));
  assertEquals(Deno.readTextFileSync(mark).split(" c ").length, 2);
});

cgroupTest("an exit command runs once, and not for a task whose start failed", async (ns) => {
  const mark = `${ns.scratch}/mark`;
  const script = `${ns.scratch}/script`;
  Deno.writeTextFileSync(script, "#!/no/such/interpreter\n");
  Deno.chmodSync(script, 0o755);
  await ns.must("run", "-c", `echo once >>${mark}`, "a", "true");
  await until("it has run", () => exists(mark));
  await ns.gone("a");
  assertEquals((await ns.lanco("run", "a", script)).code, 127);
  assertEquals((await ns.lanco("run", "-c", `echo never >>${mark}`, "a", script)).code, 127);
  assertEquals((await ns.lanco("run", "-l", "/no/such/log", "a", "true")).code, 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertEquals(Deno.readTextFileSync(mark), "once\n");
});

cgroupTest(
  "run -c gives the status unknown if the shim was killed before the task ended",
  async (ns) => {
    const mark = `${ns.scratch}/mark`;
    await ns.must("run", "-c", `echo $LANCO_STATUS >${mark}`, "a", "sleep", "1000");
    Deno.kill(ns.shim("a"), "SIGKILL");
    await ns.must("check", "a");
    await ns.must("stop", "a");
    await until("it has run", () => exists(mark) && Deno.readTextFileSync(mark) !== "");
    assertEquals(Deno.readTextFileSync(mark), "unknown\n");
  },
);

cgroupTest("a task that was started by another task does not end with that task", async (ns) => {
  await ns.must("run", "a", "sh", "-c", `${LANCO} ${ns.name} run b sleep 1000; exec sleep 1000`);
  await until(
    "b runs",
    () => ns.task("b").length === 1 && exists(`${ns.runDirectory("b")}/run.json`),
  );
  // Only when the command has been executed its shim has surely left the cgroups, too.
  await ns.must("check", "b");
  for (const pid of [...ns.task("b"), ns.shim("b")]) {
    const cgroups = Deno.readTextFileSync(`/proc/${pid}/cgroup`);
    assert(!cgroups.includes("/task-a\n"), cgroups);
  }
  await ns.must("stop", "--now", "a");
  await ns.must("check", "b");
  assert(lives(ns.shim("b")));
  assertEquals((await exec([LANCO, ns.name, "check", "a"])).code, 3);
});

cgroupTest(
  "run in a directory whose name is not UTF-8 fails with a reason, unless --chdir is given",
  async (ns) => {
    const line = `odd=$(printf '%s/b\\377d' ${ns.scratch}) && mkdir "$odd" && cd "$odd" &&
    for words in "run a true" "run --chdir sub a true" "run --chdir /tmp -l log a true" \
      "run --chdir /tmp --stdin file a true" "ls --json" "check a" "status a" "stop a" \
      "run -f a true" "run --chdir /tmp -c pwd a pwd" "wait a"; do
      ${LANCO} ${ns.name} $words; echo "$words: $?"
    done`;
    const { stdout, stderr } = await shell(line);
    assertEquals(stdout.split("\n").filter((line) => /: \d+$/.test(line)), [
      "run a true: 1",
      "run --chdir sub a true: 1",
      "run --chdir /tmp -l log a true: 1",
      "run --chdir /tmp --stdin file a true: 1",
      "ls --json: 0",
      "check a: 3",
      "status a: 3",
      "stop a: 3",
      "run -f a true: 125",
      "run --chdir /tmp -c pwd a pwd: 0",
      "wait a: 0",
    ]);
    assertMatch(stdout, /"count":0/);
    const said = messages(stderr).filter(({ level }) => level === "ERROR").map(({ text }) => text);
    assertEquals(said.length, 5);
    for (const text of said) {
      assertMatch(
        text,
        /^the name of the working directory is not UTF-8: change to another, or give/,
      );
    }
    await until("its exit command has run", () => ns.log("a") === "/tmp\n/tmp\n");
  },
);
