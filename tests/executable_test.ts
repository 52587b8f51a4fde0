import { assert, assertEquals, assertMatch } from "@std/assert";
import { takesTask } from "../src/cli/request.ts";
import { COMMANDS, STANDALONE } from "../src/commands/command_table.ts";
import { CAN_TEST_CGROUPS, cgroupTest, exec, LANCO, messages, OWNER } from "./harness.ts";

const PROBE = `${Deno.env.get("LANCO_TEST_DIR")}/probe`;

const compiledTest = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name, ignore: !CAN_TEST_CGROUPS, fn });

compiledTest("the executable runs without an environment, without Deno and Node", async () => {
  const { code, stdout } = await exec([LANCO, "-v"], { clearEnv: true });
  assertEquals(code, 0);
  assertMatch(stdout, /^lanco \d+\.\d+\.\d+ \(Deno \d+\.\d+\.\d+, (x86_64|aarch64)\)\n$/);
});

compiledTest(
  "an executable built as lanco is may touch /run/lanco and /var/log, run programs, and nothing else",
  async () => {
    Deno.mkdirSync("/run/lanco", { recursive: true });
    for (const uid of [0, OWNER]) {
      const { code, stdout, stderr } = await exec([PROBE], { uid, stdin: "y\ny\ny\n" });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(JSON.parse(stdout), ["read /run/lanco", "read /var/log", "run a program"]);
    }
  },
);

compiledTest("-dd names the modules and lines by which an error came to be thrown", async () => {
  const { stderr } = await exec([LANCO, "-dd", "nonexistent", "run", "a", "true"]);
  const found = [...stderr.matchAll(/file:\/\/\/(src\/[\w/]+\.ts):(\d+):(\d+)/g)];
  const codes = found.map(([, file, line, column]) => {
    const text = Deno.readTextFileSync(new URL(`../${file}`, import.meta.url));
    return text.split("\n")[Number(line) - 1]?.slice(Number(column) - 1) ?? "";
  });
  assertMatch(codes[0] ?? "", /^new NotInitialised\(namespace\)/);
  assertMatch(codes.at(-1) ?? "", /^await main\(Deno\.args\)/);
});

cgroupTest("a caller with LD_PRELOAD or LD_LIBRARY_PATH set can run, list and stop", async (ns) => {
  const env = { LD_LIBRARY_PATH: "/nonexistent", LD_PRELOAD: "/nonexistent/x.so" };
  // The loader itself complains about the library; lanco must not.
  const run = await ns.lancoWith({ env }, "run", "a", "sleep", "1000");
  assertEquals(run.code, 0);
  const environment = Deno.readTextFileSync(`/proc/${ns.task("a")[0]}/environ`);
  assert(environment.includes("LD_PRELOAD=/nonexistent/x.so\0"));
  assertEquals((await ns.lancoWith({ env }, "stop", "a")).code, 0);
});

compiledTest("wrong command lines get status 2 and one line", async () => {
  const cases: [string[], RegExp][] = [
    [[], /which namespace/],
    [["web"], /which command for namespace web/],
    [["web", "frobnicate"], /unknown command "frobnicate": see lanco -h/],
    [["web", "stpo"], /unknown command "stpo", did you mean "stop"\?: see lanco -h/],
    [["help", "statsu"], /did you mean "status"/],
    [["run", "import", "make"], /"run" stands where the namespace should/],
    [["ls"], /namespace ls, or did you mean "lanco NAMESPACE ls"\? See lanco -h/],
    [["web", "run", "burner", "-m", "200M", "cmd"], /"-m" is no command: options go before the/],
    [["web", "run", "burner", "--help"], /"--help" is no command: .* after "--"/],
    [["namespaces", "x"], /takes no operands/],
    [["doctor", "x"], /takes no operands/],
    [["help", "run", "stop"], /one command at most/],
    [["web", "constructor"], /unknown command/],
    [["-x"], /unknown option -x: see -h/],
    [["-v", "check", "a"], /-v stands alone/],
    [["web", "release", "-n"], /option -n needs a task/],
    [["-D"], /option -D needs a value/],
    [["we b", "ls"], /cannot name a namespace/],
    [["n".repeat(51), "ls"], /longest allowed is 50/],
    [["man", "ls"], /nothing about "ls"/],
    [["web", "run"], /which task/],
    [["web", "run", "x"], /which command/],
    [["web", "run", "a/b", "true"], /cannot name a task/],
    [["web", "run", "a".repeat(201), "true"], /longest allowed is 200/],
    [["web", "run", "--keep", "-1", "x", "true"], /--keep needs a whole number/],
    [["web", "run", "-l"], /option -l needs a value/],
    [["web", "check"], /which task/],
    [["web", "stop"], /which task/],
    [["web", "stop", "-s", "NOPE", "x"], /unknown signal/],
    [["web", "stop", "-t", "soon", "x"], /-t needs a whole number/],
    [["web", "ls", "-x"], /unknown option -x: see -h/],
    [["web", "run", "--json", "-f", "a", "true"], /--json would be mixed.*: leave one out/],
    [["web", "init", "x"], /takes no operands/],
    [["web", "init", "-u", "a:b"], /-u needs a name/],
    [["web", "release", "a", "b"], /one task at most/],
  ];
  await Promise.all(cases.map(async ([args, text]) => {
    const { code, stdout, stderr } = await exec([LANCO, ...args]);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    const [message, ...more] = messages(stderr);
    assertEquals(more, []);
    assertEquals(message?.level, "ERROR");
    assertMatch(message?.text ?? "", text);
  }));
});

compiledTest("every command has a help with its usage and two examples", async () => {
  const commands = [
    ...Object.keys(COMMANDS).map((command) => [command, "web", command]),
    ...Object.keys(STANDALONE).map((command) => [command, command]),
  ];
  await Promise.all(commands.map(async ([command = "", ...words]) => {
    const loaded = await (COMMANDS[command] ?? STANDALONE[command])?.();
    const isOfTasks = takesTask(loaded?.default.operands ?? "nothing");
    for (const args of [[...words, "-h"], ["help", command], ["-h", ...words]]) {
      const { code, stdout } = await exec([LANCO, ...args]);
      // There may be a program that asks about a task of that name.
      assertEquals(code, isOfTasks && args.at(-1) === "-h" ? 2 : 0, args.join(" "));
      assertMatch(stdout, /^Usage: lanco /);
      const [examples = ""] = stdout.split("Examples:\n")[1]?.split("\n\n") ?? [];
      assertEquals(examples.split("\n").length, 2, command);
    }
  }));
  assertMatch((await exec([LANCO, "-h"])).stdout, /Exit status: 0 done/);
});

compiledTest(
  "commands on a namespace that is not initialised say how to make it, status 5",
  async () => {
    const cases = [["run", "x", "true"], ["check", "x"], ["stop", "x"], ["ls"], ["release", "x"]];
    await Promise.all(cases.map(async (args) => {
      const { code, stderr } = await exec([LANCO, "no-such-namespace", ...args]);
      assertEquals(code, 5, args.join(" "));
      assertMatch(stderr, /is not initialised: run "sudo lanco no-such-namespace init -u/);
    }));
    const { code } = await exec([LANCO, "no-such-namespace", "release"], { uid: 0 });
    assertEquals(code, 5);
  },
);

cgroupTest("-d tells what is done, -D limits debugging to tokens", async (ns) => {
  const levels = async (...options: string[]) => {
    const args = [LANCO, ...options, ns.name, "run", crypto.randomUUID(), "true"];
    return new Set(messages((await exec(args)).stderr).map(({ level }) => level));
  };
  assertEquals(await levels(), new Set());
  assertEquals(await levels("-d"), new Set(["INFO"]));
  assertEquals(await levels("-dd"), new Set(["INFO", "DEBUG"]));
  assertEquals(await levels("-d", "-d", "-D", "run"), new Set(["INFO", "DEBUG"]));
  assertEquals(await levels("-dd", "-D", "stop"), new Set(["INFO"]));
});

cgroupTest("namespaces lists the namespaces of the host", async (ns) => {
  assert((await exec([LANCO, "namespaces"])).stdout.split("\n").includes(ns.name));
});

cgroupTest("a reader who has seen enough does not make ls fail", async (ns) => {
  const line = `${LANCO} ${ns.name} ls | true`;
  assertEquals((await exec(["/bin/sh", "-c", line])).stderr, "");
});
