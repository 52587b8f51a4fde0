import { assertEquals } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, start } from "../harness.ts";

/** What starts each client, by the name of its file. */
const CLIENTS: Record<string, string[]> = {
  "client.py": ["/usr/bin/python3"],
  "client.mjs": ["node"],
  "client.php": ["php"],
  "client.go": [],
  "client.sh": ["/bin/sh"],
};

/** Builds the client in Go. Returns the path of the executable. */
async function built(source: string): Promise<string> {
  const directory = Deno.makeTempDirSync({ dir: Deno.env.get("LANCO_TEST_DIR") ?? "/tmp" });
  Deno.chmodSync(directory, 0o755);
  const env = {
    HOME: directory,
    GOCACHE: `${directory}/cache`,
    GOFLAGS: "-mod=mod",
    CGO_ENABLED: "0",
  };
  const made = await exec(["go", "build", "-o", `${directory}/client`, source], { uid: 0, env });
  assertEquals([made.code, made.stderr], [0, ""]);
  return `${directory}/client`;
}

for (const [client, interpreter] of Object.entries(CLIENTS)) {
  cgroupTest(`${client} runs 20 jobs and collects how they end, killed or not`, async (ns) => {
    const source = new URL(client, import.meta.url).pathname;
    const program = `${ns.scratch}/${client}`;
    Deno.copyFileSync(client.endsWith(".go") ? await built(source) : source, program);
    Deno.chmodSync(program, 0o755);
    const results = `${ns.scratch}/results`;
    const lines = () =>
      exists(results) ? Deno.readTextFileSync(results).split("\n").filter((line) => line) : [];
    const expected = Array.from({ length: 20 }, (_, i) => `job${i} ${i}`).sort();
    const command = [...interpreter, program, LANCO, ns.name, results];
    for (const life of [300, 500, 700]) {
      const process = start(command);
      await new Promise((resolve) => setTimeout(resolve, life));
      process.kill("SIGKILL");
      await process.status;
    }
    // 124, if it waits in vain.
    assertEquals((await start(["timeout", "120", ...command]).status).code, 0, lines().join("\n"));
    assertEquals(lines().sort(), expected);
    // What was begun twice would have left two logs.
    assertEquals(ns.traces().filter((path) => path.endsWith(".log.1")), []);
    const label = `client=${
      client === "client.mjs"
        ? "node"
        : { py: "python", sh: "shell" }[client.slice(7)] ?? client.slice(7)
    }`;
    const labelled = JSON.parse((await ns.lanco("ls", "-a", "--json", "--label", label)).stdout);
    assertEquals(Object.keys(labelled.tasks).length, 20);
  });
}
