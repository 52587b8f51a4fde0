import { assertEquals } from "@std/assert";
import { COMMANDS, STANDALONE } from "../../src/commands/command_table.ts";
import { collectCommands } from "../../src/commands/completions.ts";
import { SHELLS } from "../extras/completions/shells.ts";
import { cgroupTest, shell } from "../harness.ts";

/** Names that would do something on a command line, or hide what it does. */
const EVIL = [
  "evil$(id>x)",
  "evil`id`",
  "evil;id",
  "evil id",
  "evil'",
  "evil\\",
  "evil*",
  "evil\nx",
];

/** The id of a run. */
const ID = "01m8k8c4pwc2b1rha7kk9y6fjh";

cgroupTest("a cgroup or a record whose name is shell code is offered by no TAB", async (ns) => {
  await ns.must("run", "event", "sleep", "1000");
  for (const name of EVIL) {
    const quoted = name.replaceAll("'", `'\\''`);
    await shell(
      `cd ${ns.directory} && mkdir 'named/task-${quoted}' 'runs/${quoted}' 'runs/${ID}-${quoted}'`,
    );
  }
  const all = await collectCommands({ commands: COMMANDS, standalone: STANDALONE });
  for (const [name, complete] of Object.entries(SHELLS)) {
    for (const command of ["stop", "status", "run", "logs"]) {
      const offers = await complete(all, `lanco ${ns.name} ${command} ev`);
      assertEquals(offers, ["event"], `${name}: ${command}`);
    }
    const runs = await complete(all, `lanco ${ns.name} status event --run `);
    assertEquals(runs, [ns.record("event").run], name);
  }
});
