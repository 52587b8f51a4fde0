import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, LANCO, lives, shell, until } from "../harness.ts";
import { Tmux } from "../commands/top/tmux.ts";
import { actingFor, HINDRANCES, stubborn } from "./owner_process.ts";

/** How long a stop may take: 30 s until the owner's process kills, 5 more for root, and a margin. */
const STOP_WAIT = 90_000;

/** A text that the terminal may have wrapped. */
function wrapped(text: string): RegExp {
  return new RegExp([...text.replaceAll(" ", "")].join("\\s*"));
}

cgroupTest(
  "a stop by a key of root's top succeeds though the owner hinders the process that acts",
  async (ns) => {
    const tests = HINDRANCES.map(async ([verb, hinder]) => {
      const pids = await stubborn(ns, verb);
      const tmux = new Tmux(ns, 0);
      try {
        await tmux.open();
        await tmux.enter(`clear; ${LANCO} ${ns.name} top ${verb}; echo status $?`);
        await tmux.shows(`> ${verb} `);
        const acting = actingFor(await tmux.foreground("lanco")) ?? 0;
        await tmux.press("s", "y");
        await tmux.shows(new RegExp(`> ${verb} +stopping`));
        assertEquals(pids.filter((pid) => !lives(pid)), []);
        assertEquals((await shell(hinder(acting, ns))).code, 0);
        await until(`${verb} is killed`, () => !pids.some(lives), STOP_WAIT);
        assertEquals((await ns.lanco("check", verb)).code, 3);
        // What was held is killed, too, and root gets the terminal back.
        await until(`${acting} is gone`, () => !lives(acting));
        await tmux.shows(wrapped(`root has killed what was left of task ${verb}`));
        await tmux.shows(wrapped(
          verb === "kills"
            ? "the process that acted as games for root was killed by SIGKILL"
            : `did not tell the end of task ${verb}, which root kills, and was killed`,
        ));
        await tmux.isRestored(1);
      } finally {
        await tmux.close();
      }
    });
    try {
      await Promise.all(tests);
    } finally {
      await Promise.allSettled(tests);
      await exec([
        "sh",
        "-c",
        `[ ! -d $1 ] || { echo THAWED >$1/freezer.state; rmdir $1; }`,
        "sh",
        `${ns.directory}/freezer/held`,
      ]);
    }
  },
);

cgroupTest("root's top that is ended by a signal kills nothing", async (ns) => {
  const pids = await stubborn(ns);
  const tmux = new Tmux(ns, 0);
  try {
    await tmux.open();
    await tmux.enter(`clear; ${LANCO} ${ns.name} top; echo status $?`);
    await tmux.shows("> a ");
    const outer = await tmux.foreground("lanco");
    const acting = actingFor(outer) ?? 0;
    await tmux.press("s", "y");
    await tmux.shows(/> a +stopping/);
    assertEquals((await shell(`kill -STOP ${acting}`)).code, 0);
    Deno.kill(outer, "SIGTERM");
    await tmux.shows(wrapped("did not end by SIGTERM and was killed"));
    await tmux.isRestored(143);
    assert(pids.every(lives));
  } finally {
    await tmux.close();
  }
});
