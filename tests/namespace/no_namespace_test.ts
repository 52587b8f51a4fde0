import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, identity, LANCO, OWNER, STRANGER } from "../harness.ts";

/** What follows the name of a namespace on the command line, for each command. */
const COMMANDS: string[][] = [
  ["run", "a", "true"],
  ["run", "--replace", "-c", "true", "--timeout", "1", "a", "true"],
  ["batch"],
  ["events"],
  ["logs", "a"],
  ["logs", "-f", "a"],
  ["limit", "a"],
  ["forget", "--all"],
  ["release"],
  ...["ls", "top", "metrics", "dump"].map((command) => [command]),
  ...["stop", "check", "status", "wait", "pause", "resume"].map((command) => [command, "a"]),
  ["signal", "HUP", "a"],
  ["stop", "--all", "--yes"],
];

/** Runs a program on a host where /run/lanco is not there, or is empty. */
function alone(directory: string, uid: number, ...words: string[]) {
  const line = `mount -t tmpfs -o mode=755 none ${directory} && exec setpriv "$@"`;
  const hidden = ["unshare", "--mount", "sh", "-c", line, "sh"];
  return exec([...hidden, ...identity(uid), ...words], { uid: 0, stdin: "" });
}

// Where there has been a namespace before, /run/lanco itself is left.
for (const directory of ["/run", "/run/lanco"]) {
  cgroupTest(`without any namespace each command says so, ${directory} being empty`, async () => {
    for (const uid of [0, OWNER, STRANGER]) {
      for (const command of COMMANDS) {
        // It is root's alone.
        if (command[0] === "release" && uid !== 0) continue;
        const words = [LANCO, "no-namespace", ...command];
        const { code, stdout, stderr } = await alone(directory, uid, ...words);
        assertEquals([code, stdout], [5, ""], `${command.join(" ")} of ${uid}: ${stderr}`);
        assertMatch(
          stderr,
          /^\S+ \[ERROR\/[\w-]+\] namespace no-namespace is not initialised: .*\n$/,
        );
      }
      const { code, stdout, stderr } = await alone(directory, uid, LANCO, "namespaces");
      assertEquals([code, stdout, stderr], [0, "", ""]);
    }
  });
}
