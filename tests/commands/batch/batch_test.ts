import { assert, assertEquals, assertMatch } from "@std/assert";
import { answers, answersIn } from "../../batch.ts";
import {
  cgroupTest,
  exists,
  LANCO,
  shell,
  start,
  type TestNamespace,
  until,
} from "../../harness.ts";

cgroupTest("batch answers every request, and keeps the order for each task", async (ns) => {
  const all = await answers(
    ns,
    { id: 1, command: "run", args: ["a", "sleep", "1000"] },
    { id: "two", command: "run", args: ["a", "sleep", "1000"] },
    { id: 3, command: "check", args: ["a"] },
    "",
    { id: 5, command: "pause", args: ["a"] },
    { id: 6, command: "stop", args: ["--now", "a"] },
    { id: { any: ["thing"] }, command: "status", args: ["a"] },
    { command: "ls" },
  );
  assertEquals(all.length, 7);
  const of = (id: unknown) =>
    all.find((answer) => JSON.stringify(answer.id) === JSON.stringify(id));
  const [run, again, check, pause, stop] = [1, "two", 3, 5, 6].map(of);
  assertEquals([run.exitStatus, run.output.task, run.messages], [0, "a", []]);
  assertEquals([again.exitStatus, again.output], [4, null]);
  assertMatch(again.messages[0], /\[WARN\/run\] task a is already running$/);
  assertEquals(check.output.tasks.a.running, true);
  assertEquals([pause.exitStatus, pause.output], [0, null]);
  assertEquals(stop.output.tasks.a.stopped, true);
  assertEquals(of({ any: ["thing"] }).output.state, "killed");
  assertEquals(of(null).exitStatus, 0);
});

/** Starts a batch. Returns functions that send requests to it and wait for the answers. */
function talk(ns: TestNamespace) {
  const batch = start([LANCO, ns.name, "batch"], { stdin: "piped", stdout: "piped" });
  const writer = batch.stdin.getWriter();
  const heard: Record<string, unknown>[] = [];
  const hearing = (async () => {
    const lines = batch.stdout.pipeThrough(new TextDecoderStream());
    let rest = "";
    for await (const text of lines) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      heard.push(...parts.map((part) => JSON.parse(part)).filter(({ lanco }) => !lanco));
    }
  })();
  return {
    batch,
    heard,
    say: (...requests: object[]) =>
      writer.write(
        new TextEncoder().encode(requests.map((r) => JSON.stringify(r) + "\n").join("")),
      ),
    answer: async (id: unknown) => {
      const found = () => heard.find((answer) => answer.id === id && "exitStatus" in answer);
      await until(`${id} is answered`, () => found() !== undefined);
      return found() as Record<string, unknown>;
    },
    end: async () => {
      await writer.close();
      await hearing;
      return (await batch.status).code;
    },
  };
}

cgroupTest(
  "batch works on many requests at once, and none waits for a request about another task",
  async (ns) => {
    const { say, answer, heard, end } = talk(ns);
    const names = Array.from({ length: 20 }, (_, i) => `t${i}`);
    await say(
      ...names.map((name) => ({ id: name, command: "run", args: [name, "sleep", "1000"] })),
    );
    for (const name of names) assertEquals((await answer(name)).exitStatus, 0);
    await ns.must("run", "deaf", "sh", "-c", "trap '' TERM; while :; do sleep 1; done");
    const waits = Array.from(
      { length: 2000 },
      (_, i) => ({ id: i, command: "wait", args: ["t1"] }),
    );
    await say(...waits, { id: "slow", command: "stop", args: ["-t", "2", "deaf"] });
    await say({ id: "now", command: "check", args: ["t2"] });
    assertEquals((await answer("now")).exitStatus, 0);
    assertEquals(heard.some(({ id }) => id === "slow" || typeof id === "number"), false);
    // A request about a task does not wait for an earlier "wait" for that task.
    await say({ id: "stop", command: "stop", args: ["--now", "t1"] });
    assertEquals((await answer("stop")).exitStatus, 0);
    for (const id of [0, 999, 1999]) assertEquals((await answer(id)).exitStatus, 137);
    assertEquals((await answer("slow")).exitStatus, 0);
    assertEquals(await end(), 0);
    assertEquals(heard.length, 20 + 2000 + 3);
  },
);

cgroupTest("batch cancels a wait, and refuses to cancel a stop", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  await ns.must("run", "deaf", "sh", "-c", "trap '' TERM; while :; do sleep 1; done");
  const { say, heard, end } = talk(ns);
  await say(
    { id: 7, command: "wait", args: ["a"] },
    { id: 7, command: "check", args: ["a"] },
    { id: 7, command: 7 },
    { id: 8, command: "cancel" },
    { id: 9, command: "stop", args: ["-t", "1", "deaf"] },
    { id: 9, command: "cancel" },
    { id: 7, command: "cancel" },
  );
  assertEquals(await end(), 0);
  const statuses = (of: unknown) =>
    heard.filter(({ id }) => id === of).map(({ exitStatus }) => exitStatus);
  assertEquals([statuses(7), statuses(8), statuses(9)], [[125], [3], [0]]);
  // An id belongs to one request: a second request with the same id is answered without an id.
  assertEquals(statuses(null), [2, 2, 3]);
  const messages = heard.flatMap(({ messages }) => messages as string[]).join("\n");
  assertMatch(
    messages,
    /id 7 is that of a request that is not answered yet: give each one of its own/,
  );
  assertMatch(messages, /no "wait" or "events" with the id 9 is in progress/);
  await ns.must("check", "a");
});

cgroupTest(
  "batch takes the field task for a name, whatever character it begins with",
  async (ns) => {
    const { say, answer, end } = talk(ns);
    const ask = async (command: string, fields: object) => {
      const id = crypto.randomUUID();
      await say({ id, command, ...fields });
      const { exitStatus, messages } = await answer(id);
      return [exitStatus, ...messages as string[]].join(" ");
    };
    const touched = `${ns.scratch}/touched`;
    assertEquals(await ask("run", { task: "a", args: ["--keep", "0", "sh", "-c", "exit 5"] }), "0");
    assertEquals(await ask("wait", { task: "a" }), "5");
    assertEquals(await ask("run", { task: "a", args: ["--", "sleep", "1000"] }), "0");
    assertEquals(await ask("check", { task: "a" }), "0");
    assertEquals(await ask("signal", { task: "a", args: ["KILL"] }), "0");
    await ns.gone("a");
    for (const task of ["-h", "--json", `-ctouch ${touched}`, "--", "", "a b"]) {
      for (const command of ["run", "check", "stop", "wait", "status", "pause"]) {
        const said = await ask(command, { task, args: command === "run" ? ["true"] : [] });
        assertMatch(said, /^2 .*cannot name a task/, `${command} ${task}`);
      }
    }
    assertMatch(await ask("ls", { task: "a" }), /^2 .*"task" is no field/);
    assertMatch(await ask("check", { task: 1 }), /^2 .*"task" must be a text/);
    assertMatch(await ask("run", { task: "a" }), /^2 .*which command/);
    assertEquals(await end(), 0);
    assertEquals(exists(touched), false);
  },
);

cgroupTest("batch gives each task its environment, directory and input", async (ns) => {
  Deno.writeTextFileSync(`${ns.scratch}/input`, "from a file\n");
  const { say, answer, end } = talk(ns);
  const script = 'echo "$COLOUR $PWD"; cat';
  await say({
    id: 1,
    command: "run",
    args: ["a", "sh", "-c", script],
    env: { COLOUR: "light blue", "odd.name": "x" },
    chdir: ns.scratch,
    stdin: `${ns.scratch}/input`,
  });
  assertEquals((await answer(1)).exitStatus, 0);
  await say({ id: 2, command: "wait", args: ["a"] });
  await answer(2);
  assertEquals(ns.log("a"), `light blue ${ns.scratch}\nfrom a file\n`);
  for (
    const [id, field] of Object.entries([{ env: [] }, { env: { A: 1 } }, { chdir: 1 }, { x: 1 }])
  ) {
    await say({ id, command: "run", args: ["b", "true"], ...field });
    assertEquals((await answer(id)).exitStatus, 2);
  }
  await say({ id: 9, command: "check", args: ["a"], env: {} });
  assertEquals((await answer(9)).exitStatus, 2);
  assertEquals(await end(), 0);
});

cgroupTest(
  "batch refuses lines that are not UTF-8, or too long, and answers the next ones",
  async (ns) => {
    const stdin = new Uint8Array([
      ...[0xff, 0xfe, 10],
      ...new TextEncoder().encode(`"${"x".repeat(10 * 2 ** 20)}"\n{"id":1,"command":"ls"}`),
    ]);
    const batch = start([LANCO, ns.name, "batch"], { stdin: "piped", stdout: "piped" });
    const writer = batch.stdin.getWriter();
    const [text] = await Promise.all([
      new Response(batch.stdout).text(),
      writer.write(stdin).then(() => writer.close()),
    ]);
    const all = answersIn(text);
    const messages = all.filter(({ id }) => id === null).map(({ messages }) => messages[0]);
    assertMatch(messages.join("\n"), /not UTF-8[^]*more than 4194304 bytes/);
    assertEquals(all.filter(({ id }) => id === 1).map(({ exitStatus }) => exitStatus), [0]);
    assertEquals((await batch.status).code, 0);
  },
);

cgroupTest("batch answers before its input ends, and its tasks outlive it", async (ns) => {
  const batch = start([LANCO, ns.name, "batch"], { stdin: "piped", stdout: "piped" });
  const writer = batch.stdin.getWriter();
  const reader = batch.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertMatch((await reader.read()).value ?? "", /^{"lanco":/);
  for (const task of ["a", "b"]) {
    const request = {
      id: task,
      command: "run",
      args: [task, "sh", "-c", "umask; exec sleep 1000"],
    };
    await writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    assertEquals(JSON.parse((await reader.read()).value ?? "").id, task);
  }
  batch.kill("SIGKILL");
  await batch.status;
  await writer.close().catch(() => {});
  await reader.cancel();
  assertEquals((await ns.lanco("check", "a", "b")).code, 0);
  // The launch of the first task does not change the umask of the second.
  assertEquals(ns.log("a"), ns.log("b"));
});

cgroupTest("batch refuses a wrong line with a message, and answers the next ones", async (ns) => {
  const wrong: [string | object, RegExp][] = [
    ["nonsense", /not JSON/],
    ["[1]", /"command" is no text: not of the form/],
    ["null", /not a JSON object/],
    [{ command: "run", args: "x" }, /"args" is no list of texts: not of the form/],
    [{ command: "run", args: [1] }, /"args" is no list of texts: not of the form/],
    [{ command: "stpo" }, /unknown command "stpo", did you mean "stop"\?/],
    [{ command: "init" }, /init cannot be run in a batch: start lanco for it/],
    [{ command: "run", args: ["-f", "a", "true"] }, /-f/],
    [{ command: "stop", args: ["-x"] }, /unknown option -x: see -h/],
    [{ command: "check", args: ["a/b"] }, /cannot name a task/],
  ];
  for (const [line, text] of wrong) {
    const [refused, ls] = await answers(ns, line, { command: "ls" });
    assertEquals([refused.exitStatus, refused.output], [2, null], JSON.stringify(line));
    assertMatch(refused.messages[0], text);
    assertEquals(ls.exitStatus, 0);
  }
  const run = { command: "run", args: ["a", "no-such-command"] };
  assertEquals((await answers(ns, run))[0].exitStatus, 127);
});

cgroupTest(
  "batch suggests no similar name for an unknown task",
  async (ns) => {
    await ns.must("run", "import", "true");
    await ns.gone("import");
    const asked = ["status", "stop", "wait", "release"].map((command) => ({
      command,
      task: "improt",
    }));
    for (const request of asked) {
      const [answer] = await answers(ns, request);
      assertEquals(answer.messages.length, 1, request.command);
      assert(!answer.messages[0].includes("did you mean"), answer.messages[0]);
      const { stderr } = await ns.lanco(request.command, request.task);
      assertMatch(stderr, /did you mean "import"/);
    }
  },
);

cgroupTest("batch fails if its answers cannot be written", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  // While requests come, and after the last one.
  for (const request of ['{"command":"ls"}', '{"command":"wait","args":["-t","1","a"]}']) {
    const { code, stderr } = await shell(
      `echo '${request}' | ${LANCO} ${ns.name} batch >/dev/full`,
    );
    assertEquals(code, 1);
    assertMatch(stderr, /cannot write to standard output: No space left on device/);
  }
});

cgroupTest(
  "batch ends without a message when its reader is gone, and needs its namespace",
  async (ns) => {
    const request = `'{"command":"ls"}'`;
    // Much input, and little of it that never ends.
    for (const input of [`yes ${request}`, `while sleep 0.1; do echo ${request}; done`]) {
      const line = `${input} | { ${LANCO} ${ns.name} batch; echo $? >&2; } | head -n 1`;
      const { stdout, stderr } = await shell(line);
      assertEquals([stdout.split("\n").length, stderr], [2, "0\n"]);
    }
    assertEquals((await shell(`${LANCO} no-such-namespace batch </dev/null`)).code, 5);
  },
);
