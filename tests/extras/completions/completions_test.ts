import { assert, assertArrayIncludes, assertEquals } from "@std/assert";
import { main } from "../../../src/commands/dispatch.ts";
import { COMMANDS, STANDALONE } from "../../../src/commands/command_table.ts";
import { collectCommands } from "../../../src/commands/completions.ts";
import {
  type CompletedCommand,
  describeCommand,
  GLOBAL,
} from "../../../src/extras/completions/data.ts";
import { command } from "../../../src/cli/command.ts";
import { flag, text } from "../../../src/cli/options.ts";
import { cgroupTest, exists, until } from "../../harness.ts";
import { type Shell, SHELLS } from "./shells.ts";

const all = await collectCommands({ commands: COMMANDS, standalone: STANDALONE });

function inEveryShell(
  what: string,
  body: (offers: (line: string) => Promise<string[]>, name: string) => Promise<void>,
  commands: readonly CompletedCommand[] = all,
): void {
  for (const [name, shell] of Object.entries(SHELLS)) {
    Deno.test(`${name} completes ${what}`, () => body((line) => shell(commands, line), name));
  }
}

inEveryShell("the commands that stand alone", async (offers) => {
  assertArrayIncludes(await offers("lanco "), Object.keys(STANDALONE));
  assertEquals(await offers("lanco doc"), ["doctor"]);
});

inEveryShell("the commands of a namespace", async (offers) => {
  assertEquals(await offers("lanco web "), Object.keys(COMMANDS).sort());
  assertEquals(await offers("lanco web sto"), ["stop"]);
});

inEveryShell("commands after the options of lanco itself", async (offers) => {
  assertEquals(await offers("lanco -d web sto"), ["stop"]);
  assertEquals(await offers("lanco -dd -D run web sto"), ["stop"]);
  assertEquals(await offers("lanco -dDrun web sto"), ["stop"]);
  assertEquals(await offers("lanco --token run web sto"), ["stop"]);
});

inEveryShell("the options of every command, short and long", async (offers) => {
  for (const { name, standalone, options } of all) {
    const line = name === "" ? "lanco" : standalone ? `lanco ${name}` : `lanco web ${name}`;
    const long = options.flatMap(({ spellings }) => spellings)
      .filter((spelling) => spelling.startsWith("--"));
    assertEquals((await offers(`${line} --`)).map(withoutSign), long.sort(), name);
  }
  assertArrayIncludes(await offers("lanco web run -"), ["-f", "-l", "-m"]);
});

function withoutSign(word: string): string {
  return word.replace(/=$/, "");
}

inEveryShell("the values of options that are known", async (offers, name) => {
  assertEquals(await offers("lanco web stop -s HU"), ["HUP"]);
  assertEquals((await offers("lanco web stop --signal=HU")).map(afterSign), ["HUP"]);
  assertEquals(await offers("lanco web stop -t "), []);
  assertEquals(await offers("lanco web run --oom-score-adj "), []);
  assertEquals(await offers("lanco web init -u nobod"), ["nobody"]);
  assertEquals(await offers("lanco web init -g nogrou"), ["nogroup"]);
  const file = name.startsWith("bash") ? "<-o default>" : name === "zsh" ? "passwd" : "/etc/passwd";
  assertArrayIncludes(await offers("lanco web run -l /etc/pass"), [file]);
  const directory = name.startsWith("bash") ? "<-o dirnames>" : name === "zsh" ? "etc" : "/etc/";
  assertArrayIncludes(await offers("lanco web run --chdir /et"), [directory]);
});

function afterSign(word: string): string {
  return word.replace(/^.*=/, "");
}

inEveryShell("words that only one command takes", async (offers) => {
  assertEquals(await offers("lanco completions "), ["bash", "fish", "zsh"]);
  const texts = ["cron", "daemon", "design", "json", "logrotate", "selinux", "systemd"];
  assertEquals(await offers("lanco man "), texts);
  assertEquals(await offers("lanco help sto"), ["stop"]);
  assertEquals(await offers("lanco web signal US"), ["USR1", "USR2"]);
  assertEquals((await offers("lanco web ls ")).filter((word) => !word.startsWith("-")), []);
});

inEveryShell("the command that a task is to run", async (offers, name) => {
  const lines = ["-m 1G task", "-- task", "--oom-score-adj -300 task", "--oom-score-adj=-300 task"];
  for (const line of lines.map((words) => `lanco web run ${words} setpri`)) {
    // The shell offers it once for each directory of the PATH that contains it.
    const words = (await offers(line)).filter((word) => word !== "<-o filenames>");
    assertEquals([...new Set(words)], ["setpriv"]);
  }
  // Shells that have completions for that command use them.
  if (name !== "bash") assertEquals(await offers("lanco web run x lanco doc"), ["doctor"]);
});

const later = command({
  help: "",
  options: {
    fast: flag("-f, --fast", "run"),
    lines: text("-n, --lines N", "'so' [many]: \\$(false)"),
    previous: text("--previous[=N]", "before"),
  },
  operands: "signal",
  run: () => ({ status: 0 }),
});

inEveryShell("a command that the scripts do not know by name", async (offers) => {
  assertEquals(await offers("lanco web lat"), ["later"]);
  const options = ["--fast", "--help", "--lines", "--previous"];
  assertEquals((await offers("lanco web later --")).map(withoutSign), options);
  assertArrayIncludes(await offers("lanco web later --previous HU"), ["HUP"]);
  assertArrayIncludes(await offers("lanco web later -n 5 HU"), ["HUP"]);
  assertArrayIncludes(await offers("lanco web later -fn 5 --previous=2 HU"), ["HUP"]);
}, [describeCommand("", GLOBAL), describeCommand("later", later)]);

Deno.test("commands and options are described as in the helps", () => {
  for (const { name, description } of all) assert(name === "" || description !== "", name);
  const stop = all.find(({ name }) => name === "stop");
  assertEquals(stop?.description, "stop tasks");
  assertEquals(stop?.options.find(({ spellings }) => spellings.includes("--now")), {
    spellings: ["--now"],
    optional: false,
    description: "kill at once, the whole tree",
  });
});

Deno.test("lanco knows every option that is offered before the namespace", async () => {
  const [lanco] = all;
  assertEquals(lanco?.name, "");
  for (const { spellings, value } of lanco?.options ?? []) {
    for (const spelling of spellings) {
      const args = [spelling, ...(value === undefined ? [] : ["run"]), "--version"];
      assertEquals(await main(args, { print: () => true, write() {} }), 0, spelling);
    }
  }
});

cgroupTest(
  "the shells complete namespaces and tasks, and start no process for that",
  async (ns) => {
    for (const task of ["steady", "story"]) await ns.must("run", task, "sleep", "1000");
    await ns.must("run", "ended", "true");
    await ns.gone("ended");
    const mark = `${ns.scratch}/begun`;
    await ns.must("run", "-c", `: >${mark}; exec sleep 1000`, "stubborn-1", "true");
    await ns.gone("stubborn-1");
    await until("the exit command has begun", () => exists(mark));
    await ns.must("run", "-c", "true", "asleep", "sleep", "1000");
    const { run } = ns.record("ended");
    const runs = [...Deno.readDirSync(`${ns.directory}/runs`)].map(({ name }) => name.slice(0, 26));
    const cases: [string, string[]][] = [
      [`lanco ${ns.name} stop stu`, ["stubborn-1"]],
      [`lanco ${ns.name} kill --now stu`, ["stubborn-1"]],
      [`lanco ${ns.name} pause `, ["asleep", "steady", "story"]],
      [`lanco ${ns.name} stop a`, ["asleep"]],
      [`lanco ${ns.name.slice(0, -1)}`, [ns.name]],
      [`lanco ${ns.name} stop `, ["asleep", "steady", "story", "stubborn-1"]],
      [`lanco ${ns.name} stop --now st`, ["steady", "story", "stubborn-1"]],
      [`lanco ${ns.name} stop steady s`, ["story", "stubborn-1"]],
      [`lanco ${ns.name} status `, ["asleep", "ended", "steady", "story", "stubborn-1"]],
      [`lanco ${ns.name} signal HUP st`, ["steady", "story"]],
      [`lanco ${ns.name} wait en`, ["ended"]],
      [`lanco ${ns.name} run en`, ["ended"]],
      [`lanco no-such-namespace stop `, []],
      [`lanco ${ns.name} status --run `, runs.sort()],
      [`lanco ${ns.name} status ended --run `, [run]],
      [`lanco ${ns.name} logs -n 5 ended --run ${run.slice(0, 20)}`, [run]],
      [`lanco ${ns.name} wait nobody --run x`, []],
    ];
    const check = async (name: string, shell: Shell) => {
      for (const [line, expected] of cases) {
        const offers = (await shell(all, line)).filter((word) => !word.startsWith("-"));
        assertEquals(offers, expected, `${name}: ${line}`);
      }
    };
    // No program can be found, and in bash patterns without a match fail.
    const poor = (name: string) =>
      name === "fish"
        ? "set -x PATH /nonexistent\n"
        : `PATH=/nonexistent\n${name === "zsh" ? "" : "shopt -s failglob\n"}`;
    await Promise.all(
      Object.entries(SHELLS).map(([name, shell]) =>
        check(name, (commands, line) => shell(commands, line, poor(name)))
      ),
    );
  },
);
