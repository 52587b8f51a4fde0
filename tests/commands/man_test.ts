import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../src/commands/dispatch.ts";
import { COMMANDS, STANDALONE } from "../../src/commands/command_table.ts";
import { collectCommands } from "../../src/commands/completions.ts";
import { VERSION } from "../../src/cli/version.ts";
import { parseSpelling } from "../../src/cli/options.ts";
import { LIMITS } from "../../src/commands/limit_options.ts";
import { manualPage, type PageName } from "../../src/extras/man.ts";
import { SCHEMAS } from "../../src/show/schema.ts";
import { KEYS } from "../../src/commands/top/help.ts";
import { CAN_TEST_CGROUPS, exec, LANCO } from "../harness.ts";

async function mandoc(
  args: string[],
  name?: PageName,
): Promise<{ stdout: string; stderr: string }> {
  const process = new Deno.Command("mandoc", {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(manualPage(name)));
  await writer.close();
  const { stdout, stderr } = await process.output();
  const text = new TextDecoder();
  return { stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Returns the page as plain text, without the overstrikes of bold and underlined letters. */
async function rendered(): Promise<string> {
  // deno-lint-ignore no-control-regex
  return (await mandoc(["-Tutf8", "-Owidth=200"])).stdout.replaceAll(/.\x08/g, "");
}

/** Returns the text below a heading of the page. */
function below(page: string, heading: RegExp): string {
  const lines = page.split("\n");
  const from = lines.findIndex((line) => heading.test(line));
  const indent = /^ */.exec(lines[from] ?? "")?.[0].length ?? 0;
  const length = lines.slice(from + 1).findIndex((line) =>
    /^ {0,3}\S/.test(line) && /^ */.exec(line)![0].length <= indent
  );
  return from < 0 ? "" : lines.slice(from, from + 1 + length).join("\n");
}

Deno.test("the manual page has every command, every other name of it and every option", async () => {
  const page = await rendered();
  const limits = Object.values(LIMITS).map((option) => `--${parseSpelling(option).name}`);
  for (
    const { name, options } of await collectCommands({ commands: COMMANDS, standalone: STANDALONE })
  ) {
    const heading = name === "" ? /^DESCRIPTION$/ : new RegExp(`^   (\\w+, )*${name}(, \\w+)*$`);
    const own = below(page, heading);
    assert(own !== "", `no section about ${name}`);
    const limited = options.some(({ spellings }) => spellings.some((s) => limits.includes(s)));
    const section = own + (limited ? below(page, /^LIMITS$/) : "");
    for (const spelling of options.flatMap(({ spellings }) => spellings)) {
      if (name !== "" && ["-h", "--help"].includes(spelling)) continue;
      assertMatch(section, new RegExp(`^ .*(^|[ ,])${spelling}([ ,=[]|$)`, "m"), name);
    }
  }
});

Deno.test("the manual page has the keys of top as they are typed", async () => {
  const own = below(await rendered(), /^ {3}top$/).replaceAll(/\s+/g, " ");
  for (const [keys, what] of KEYS) assertStringIncludes(own, ` ${keys} ${what}`);
});

Deno.test("mandoc finds no fault in the manual pages", async () => {
  for (const name of [undefined, "daemon", "design"] as const) {
    const { stdout, stderr } = await mandoc(["-Tlint", "-Wstyle"], name);
    // mandoc warns about its own database of the host's manuals, which does not have these pages.
    const said = (stdout + stderr).split("\n").filter((line) =>
      !/outdated mandoc\.db|manual not found: Xr lanco/.test(line)
    );
    assertEquals(said.join("\n"), "", name);
  }
});

Deno.test("the manual page has this version, and no placeholder is left in it", async () => {
  assertMatch(await rendered(), new RegExp(`lanco ${VERSION.replaceAll(".", "\\.")}\\s`));
  assertEquals(/@[A-Z]+@/.exec(manualPage()), null);
});

Deno.test("the manual page and lanco -h name the same commands", async () => {
  let help = "";
  await main(["-h"], { print: (text) => (help += text) !== "" });
  for (const name of [...Object.keys(COMMANDS), ...Object.keys(STANDALONE)]) {
    if (name !== "help") assertMatch(help, new RegExp(`^  (lanco )?(\\w+, )*${name}\\b`, "m"));
  }
});

const compiledTest = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name, ignore: !CAN_TEST_CGROUPS, fn });

compiledTest("man prints the page's source where there is no terminal", async () => {
  const { code, stdout, stderr } = await exec([LANCO, "man"], { clearEnv: true });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, manualPage());
});

compiledTest(
  "man shows the page on a terminal by the host's man, mandoc, or as it is",
  async () => {
    const onTerminal = (path: string) =>
      exec([
        "/usr/bin/script",
        "-qec",
        `PAGER=cat MANPAGER=cat PATH=${path} ${LANCO} man`,
        "/dev/null",
      ]);
    const directory = Deno.makeTempDirSync();
    try {
      Deno.chmodSync(directory, 0o755);
      const link = (name: string, to: string) => Deno.symlinkSync(to, `${directory}/${name}`);
      link("cat", "/bin/cat");
      const plain = await onTerminal(directory);
      assertEquals(plain.code, 0);
      assertEquals(plain.stdout.replaceAll("\r", ""), manualPage());
      link("mandoc", "/usr/bin/mandoc");
      assertStringIncludes((await onTerminal(directory)).stdout, "System Manager's Manual");
      // On a minimized host, man(1) only says that the manuals are not installed.
      Deno.writeTextFileSync(`${directory}/man`, "#!/bin/sh\necho minimized\n", { mode: 0o755 });
      const stub = (await onTerminal(directory)).stdout;
      assertStringIncludes(stub, "System Manager's Manual");
      assertEquals(stub.includes("minimized"), false);
      Deno.writeTextFileSync(
        `${directory}/man`,
        '#!/bin/sh\ncase $1 in --version) echo man 2.0 ;; *) echo "man $*"; head -n 1 ;; esac\n',
      );
      link("head", "/usr/bin/head");
      assertMatch((await onTerminal(directory)).stdout, /^man -l -\r\n\.Dd /);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
);

compiledTest("man prints its other topics, and lists them for an unknown one", async () => {
  const unit = await exec([LANCO, "man", "systemd"]);
  assertEquals([unit.code, unit.stderr], [0, ""]);
  assertMatch(unit.stdout, /^ExecStart=\/\S+\/lanco %i init /m);
  const rotation = await exec([LANCO, "man", "logrotate"]);
  assertMatch(rotation.stdout, /^#\/var\/log\/lanco-web\/task-\*\.log \{$/m);
  const schema = await exec([LANCO, "man", "json"]);
  const { $defs } = JSON.parse(schema.stdout);
  assertEquals(Object.keys($defs), [...Object.keys(SCHEMAS), "request"]);
  for (const args of [["nonsense"], ["systemd", "logrotate"]]) {
    const { code, stdout, stderr } = await exec([LANCO, "man", ...args]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /logrotate, json, selinux, systemd/);
  }
});
