import { assertEquals } from "@std/assert";
import { cgroupTest, exec, exists, KEEPER, LEGACY, OWNER, shell, until } from "../harness.ts";

/** Makes thirty nested cgroups with names of 140 bytes in the directory, as deep as the kernel allows. */
const DIG = `dig() { cd -P "$1" 2>/dev/null || return
  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    mkdir "$name" 2>/dev/null && cd -P "$name" 2>/dev/null || return
  done; }
name=$(head -c 140 /dev/zero | tr '\\0' x)`;

cgroupTest(
  "tasks in cgroups with too long paths are counted, stopped and removed",
  async (ns) => {
    const { directory } = ns;
    const places = ["named", "memory", "pids", "cpu", LEGACY ? "freezer" : "unified"];
    const own = places.map((place) => `${directory}/${place}/task-a`);
    // Where systemd keeps the namespace, the shim removes them, and nobody waits for that.
    const areRemoved = async () => {
      if (KEEPER === "systemd") await until("they are gone", () => !own.some(exists));
      else assertEquals(own.filter(exists), []);
    };
    const free = places.map((place) => `${directory}/${place}/by-hand`);
    await shell(`mkdir ${free.join(" ")}; ${DIG}; for d in ${free.join(" ")}; do (dig $d); done`);
    for (const how of [["-t", "1"], ["--now"]]) {
      await ns.must(
        "run",
        "a",
        "sh",
        "-c",
        `${DIG}
      for d in ${own.join(" ")}; do
        (dig "$d"; sleep 1000 & echo $! >cgroup.procs; trap '' TERM; wait) 2>/dev/null &
      done
      sleep 1000`,
      );
      await until(
        "all processes are there",
        () => ns.pids("named/task-a").length + ns.task("a").length >= 8,
      );
      await ns.must("check", "a");
      for (const uid of [OWNER, 0]) {
        for (const args of [["ls"], ["status", "a"], ["dump"], ["top", "--once"], ["ls", "-a"]]) {
          const { code, stderr } = await ns.lancoWith({ uid }, ...args);
          assertEquals([code, stderr], [0, ""], args.join(" "));
        }
      }
      await ns.must("stop", ...how, "a");
      assertEquals((await ns.lanco("check", "a")).code, 3);
      await areRemoved();
    }
    // The task ends by itself. The kernel does not call the agent for a cgroup with others below.
    const others = own.filter((path) => !path.includes("/named/"));
    const digs = (paths: string[]) =>
      `${DIG}; for d in ${paths.join(" ")}; do (dig $d); done; exit 5`;
    await ns.must("run", "a", "sh", "-c", digs(others));
    await ns.gone("a");
    await areRemoved();
    await ns.must("run", "a", "sh", "-c", digs(own));
    await until("the task has ended", async () => (await ns.lanco("check", "a")).code === 3);
    if (KEEPER !== "systemd") await ns.must("release", "a");
    await areRemoved();
    await ns.must("run", "a", "true");
    await ns.gone("a");
    const { code, stderr } = await exec([Deno.env.get("LANCO_EXE") ?? "", ns.name, "release"], {
      uid: 0,
    });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(exists(directory), false);
  },
);
