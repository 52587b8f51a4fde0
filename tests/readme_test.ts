import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "@std/path/posix/dirname";
import { cgroupTest, exec, exists, LANCO, OWNER, OWNER_NAME } from "./harness.ts";

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

Deno.test("the README takes a minute", () => {
  assertEquals(README.split("\n").length - 1 <= 150, true);
});

Deno.test("the README names the tests of each invariant, and they are there", () => {
  const rows = [...README.matchAll(/^\| (\d) \| .* \| ([^|]*\S) +\|$/gm)];
  assertEquals(rows.map(([, number]) => Number(number)), [1, 2, 3, 4, 5, 6, 7, 8]);
  for (const [, , names = ""] of rows) {
    for (const name of names.split(", ").map((word) => word.replaceAll("`", ""))) {
      const path = new URL(`invariants/${name}`, import.meta.url).pathname;
      assert(exists(path) || exists(`${path}_test.ts`), name);
    }
  }
});

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
