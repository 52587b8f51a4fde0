import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, identity, OWNER, shell } from "../harness.ts";

/** Paints, sets the title, ends a line, turns the direction, and is the C1 form of "ESC [". */
const EVIL = "\u001b[31m\u001b]0;evil\u0007\n\r\u009b31m\u202e\u2028";

/** What a terminal would act upon. */
// deno-lint-ignore no-control-regex -- that is what it is for
const ACTS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

/** The id of a run. */
const ID = "01m8k8c4pwc2b1rha7kk9y6fjh";

cgroupTest("nothing that others have named acts on a terminal", async (ns) => {
  const directory = `${ns.scratch}/${EVIL.replaceAll("/", "")}`;
  Deno.mkdirSync(directory, { mode: 0o777 });
  await exec(["chmod", "777", directory], { uid: 0 });
  await ns.must(
    "run",
    "--chdir",
    directory,
    "-l",
    `${directory}/log`,
    "a",
    "sh",
    "-c",
    ": $1; sleep 1000",
    EVIL,
  );
  await ns.must("run", "ended", "sh", "-c", "exit 3", EVIL);
  await ns.gone("ended");
  for (const name of [EVIL, "x y", "\u001b[2J", ".hidden"]) {
    const word = name.replaceAll("'", `'\\''`);
    await shell(
      `mkdir '${ns.directory}/named/task-${word}' '${ns.directory}/runs/${word}' '${ns.directory}/runs/${ID}-${word}'
      printf '{}' >'${ns.directory}/runs/${ID}-${word}/run.json'
      printf '{}' >'${ns.directory}/runs/${word}/run.json'`,
    );
    // A process in it, so that it would be taken for a task.
    const place = `${ns.directory}/named/task-${word}`;
    new Deno.Command("setpriv", {
      args: [
        ...identity(OWNER),
        "sh",
        "-c",
        'echo 0 >"$1/cgroup.procs"; sleep 100',
        "sh",
        place,
      ],
      stderr: "null",
    }).spawn().status.catch(() => {});
  }
  const stopped = JSON.stringify({ by: EVIL, signal: "SIGTERM", at: 1 });
  const worse = JSON.stringify({ by: "x", signal: EVIL, at: 1 });
  for (const [task, text] of [["ended", stopped], ["a", worse]] as const) {
    const file = `${ns.runDirectory(task)}/stopped`;
    Deno.writeTextFileSync(file, text ?? "");
    await exec(["chown", String(OWNER), file], { uid: 0 });
  }
  const shown = [
    ["ls"],
    ["ls", "-a", "-l"],
    ["ls", "-a", "--json"],
    ["status", "a"],
    ["status", "ended"],
    ["status", "--json", "a"],
    ["status", "--json", "ended"],
    ["dump"],
    ["metrics"],
    ["metrics", "--openmetrics"],
    ["top", "--once"],
    ["run", "a", "true"],
    ["logs", "-f", "ended"],
  ];
  for (const uid of [OWNER, 0]) {
    for (const args of shown) {
      const { stdout, stderr } = await ns.lancoWith({ uid }, ...args);
      assert(!ACTS.test(stdout), `${args.join(" ")}: ${JSON.stringify(stdout)}`);
      assert(!ACTS.test(stderr), `${args.join(" ")}: ${JSON.stringify(stderr)}`);
      assert(!/x y/.test(stdout), stdout);
      assertEquals(
        stderr === "" || stderr.split("\n").every((line) => line === "" || /^\d{4}-/.test(line)),
        true,
      );
    }
  }
  const { stderr } = await ns.lanco("run", `${EVIL}`, "true");
  assert(!ACTS.test(stderr), JSON.stringify(stderr));
});
