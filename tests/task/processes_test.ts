import { assert, assertEquals } from "@std/assert";
import { cgroupTest, OWNER, OWNER_NAME, STRANGER, until } from "../harness.ts";

/** The group "adm" of Debian. */
const ADM = 4;

cgroupTest(
  "a user who may not see command lines gets the command of the record, or a dash",
  async (ns) => {
    await ns.lancoWith({ uid: 0 }, "release");
    Deno.removeSync(ns.logs, { recursive: true });
    const init = await ns.lancoWith({ uid: 0 }, "init", "-u", OWNER_NAME, "-g", String(ADM));
    assertEquals([init.code, init.stderr], [0, ""]);
    await ns.must("run", "one", "sleep", "1000");
    await ns.must("run", "two", "sh", "-c", "sleep 1001 & wait");
    await until("the task has two processes", () => ns.task("two").length === 2);
    await ns.must("run", "-c", "sleep 1002; :", "over", "true");
    await until(
      "its exit command runs",
      async () => JSON.parse(await ns.must("ls", "--json")).exitCommands[0]?.processes.length === 2,
    );
    const lines = async (options: { uid: number; groups?: number[] }) => {
      const ls = await ns.lancoWith(options, "ls", "--json");
      assertEquals([ls.code, ls.stderr], [0, ""]);
      const { tasks, exitCommands } = JSON.parse(ls.stdout);
      const of = ({ processes }: { processes: { cmdline: string }[] }) =>
        processes.map(({ cmdline }) => cmdline);
      // The record is not readable by other users.
      const dump = await ns.lancoWith(options, "dump", "--running");
      if (dump.code !== 6) {
        const dumped = JSON.parse(dump.stdout);
        assertEquals(dumped.tasks.two.processes, tasks.two.processes);
        assertEquals(dumped.exitCommands, exitCommands);
      }
      const tree = (await ns.lancoWith(options, "ls")).stdout;
      assert(!tree.includes("?????") && tree.includes(of(tasks.one)[0] ?? "no"), tree);
      const top =
        (await ns.lancoWith(options, "top", "--once", "one")).stdout.trim().split("\n")[1];
      return {
        dump: dump.code,
        one: of(tasks.one),
        two: of(tasks.two),
        exit: of(exitCommands[0]),
        top,
      };
    };
    const member = await lines({ uid: STRANGER, groups: [ADM] });
    assertEquals([member.dump, member.one, member.exit], [0, ["sleep 1000 "], ["-", "-"]]);
    assertEquals(member.two, ["sh -c sleep 1001 & wait ", "-"]);
    assert(member.top?.endsWith(" sleep 1000"), member.top);
    const stranger = await lines({ uid: STRANGER });
    assertEquals([stranger.one, stranger.two, stranger.exit], [["-"], ["-", "-"], ["-", "-"]]);
    assert(stranger.top?.endsWith(" -"), stranger.top);
    for (const uid of [undefined, 0]) {
      const own = await lines(uid === undefined ? { uid: OWNER } : { uid });
      assertEquals([own.one, own.two], [["sleep 1000 "], [
        "sh -c sleep 1001 & wait ",
        "sleep 1001 ",
      ]]);
      assertEquals(own.exit, ["(exit command)", "sleep 1002 "]);
    }
  },
);
