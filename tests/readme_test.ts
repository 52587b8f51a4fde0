import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "@std/path/posix/dirname";
import { cgroupTest, exec, exists, LANCO, OWNER, OWNER_NAME, start, until } from "./harness.ts";

const README = Deno.readTextFileSync(new URL("../README.md", import.meta.url));

/** A command that is printed with "$", and what is shown below it. */
interface Step {
  line: string;
  output: string;
}

/** What stands in blocks of code. */
function blocks(): string[] {
  return [...README.matchAll(/^```\n(.*?)^```$/gms)].map(([, text = ""]) => text);
}

function steps(): Step[] {
  return blocks().filter((text) => text.startsWith("$ ")).flatMap((text) =>
    text.split(/^\$ /m).slice(1).map((part) => {
      const [line = "", ...output] = part.split("\n");
      return { line, output: output.join("\n") };
    })
  );
}

/** Without what is another every time: times, process ids, the directory. */
function likened(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:]+/g, "TIME").replace(/→ +\d+/g, "→ PID")
    .replace(/(directory +)\S+/g, "$1DIRECTORY");
}

cgroupTest("each command of the README's story does what it says", async (ns) => {
  await ns.lancoWith({ uid: 0 }, "release");
  Deno.removeSync(ns.logs, { recursive: true });
  Deno.writeTextFileSync(`${ns.scratch}/import`, "#!/bin/sh\necho reading; sleep 5\n");
  Deno.chmodSync(`${ns.scratch}/import`, 0o755);
  Deno.writeTextFileSync(`${ns.scratch}/jobs.jsonl`, '{"command":"check","args":["import"]}\n');
  const own = [["$(id -un)", OWNER_NAME], ["$(id -gn)", OWNER_NAME], ["testns", ns.name]] as const;
  for (const { line, output } of steps()) {
    const asRoot = line.startsWith("sudo ");
    let command = line.replace(/^sudo /, "");
    for (const [word, mine] of own) command = command.replaceAll(word, mine);
    const words = ["sh", "-c", `cd ${ns.scratch}; PATH=${dirname(LANCO)}:$PATH; ${command}`];
    const { code, stdout, stderr } = await exec(words, { uid: asRoot ? 0 : OWNER });
    const said = (stdout + stderr).replaceAll(ns.name, "testns");
    if (output === "") assertEquals(stderr, "", line);
    else assertEquals(likened(said), likened(output), line);
    assertEquals(code, output.includes("WARN") ? 4 : 0, line);
  }
  assertEquals(Deno.readTextFileSync(`${ns.scratch}/ended`), "0\n");
});

cgroupTest(
  "the README's daemon is told of each end, and after a restart of each run",
  async (ns) => {
    const [, text = ""] = /^```python\n(.*?)^```$/ms.exec(README) ?? [];
    // On a busy host the daemon is back later than after five seconds.
    Deno.writeTextFileSync(
      `${ns.scratch}/daemon.py`,
      text.replaceAll("testns", ns.name).replace('"sleep", "5"', '"sleep", "25"'),
    );
    const daemon = (out: string) => {
      const line = `cd ${ns.scratch}; PATH=${dirname(LANCO)}:$PATH exec python3 daemon.py >${out}`;
      return start(["sh", "-c", line]);
    };
    const said = (out: string) => {
      const file = `${ns.scratch}/${out}`;
      return exists(file) ? Deno.readTextFileSync(file).split("\n").sort().join("\n") : "";
    };
    const live = async (out: string, lines: number) => {
      const process = daemon(out);
      await until(`${lines} lines`, () => said(out).split("\n").length > lines);
      process.kill("SIGKILL");
      await process.status;
    };
    await live("first", 1);
    assertEquals(said("first"), "\njob-2 ended with 3");
    await live("second", 3);
    assertEquals(said("second"), "\njob-1 ended with 0\njob-1 running None\njob-2 exited 3");
  },
);

cgroupTest("what the README says to type at three in the morning can be typed", async (ns) => {
  const table = README.slice(README.indexOf("## At three"), README.indexOf("## Hosts"));
  const commands = [...table.matchAll(/`((?:lanco|truncate) [^`]*)`/g)].map(([, line = ""]) =>
    line
  );
  assertEquals(commands.length, 10);
  await ns.must("run", "import", "sh", "-c", "echo reading; sleep 1000");
  for (const command of commands) {
    const line = command.replace(/\bweb\b/, ns.name).replace(/ top$/, " top --once");
    const words = ["sh", "-c", `PATH=${dirname(LANCO)}:$PATH; ${line}`];
    assertEquals([command, (await exec(words)).code], [command, 0]);
  }
});

cgroupTest("the README's loop makes what is configured, at boot", async (ns) => {
  const loop = blocks().find((text) => text.startsWith("for file in /etc/lanco/*"))
    ?.replace("/etc/lanco", `${ns.scratch}/etc`);
  Deno.mkdirSync(`${ns.scratch}/etc`);
  Deno.writeTextFileSync(
    `${ns.scratch}/etc/${ns.name}`,
    `LANCO_INIT="-u ${OWNER_NAME} --pids 77"\n`,
  );
  const { code, stderr } = await exec(
    ["sh", "-c", `PATH=${dirname(LANCO)}:$PATH; ${loop}`],
    { uid: 0 },
  );
  assertEquals([code, stderr], [0, ""]);
  const excess = await ns.lanco("run", "--pids", "78", "a", "true");
  assertStringIncludes(excess.stderr, "77");
});
