import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, identity, LANCO, OWNER } from "../../harness.ts";

const SCRIPT = new URL("./held.py", import.meta.url).pathname;

for (const [owner, flag] of [[OWNER, "block"], [0, "block"], [0, "nonblock"]] as const) {
  const kind = `${owner === 0 ? "another user's" : "the user's own"}, ${flag}`;
  cgroupTest(
    `top goes on at a terminal that accepts no output for six seconds: ${kind}`,
    async (ns) => {
      await ns.must("run", "alpha", "sleep", "1000");
      const top = ["setpriv", ...identity(OWNER), LANCO, ns.name, "top", "-n", "0.1"];
      const hold = async (how: string) => {
        const words = ["/usr/bin/python3", SCRIPT, String(owner), flag, how, ...top];
        const env = { TERM: "xterm", PATH: "/usr/bin:/bin" };
        const { code, stdout, stderr } = await exec(words, { uid: 0, env });
        assertEquals([code, stderr], [0, ""]);
        const { lived, code: status, ended, flags, modes, seconds } = JSON.parse(stdout);
        assertEquals([lived, modes, flags[1]], [true, true, flags[0]], stdout);
        assert(seconds < 5 && ended < 15, stdout);
        return status;
      };
      const results = await Promise.all([hold("q"), hold("TERM")]);
      assertEquals(results, [0, 143]);
    },
  );
}
