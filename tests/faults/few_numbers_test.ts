import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, KEEPER, LANCO, LEGACY, OWNER } from "../harness.ts";
import { repetitions } from "../repetitions.ts";

const SCRIPT = new URL("few_numbers.py", import.meta.url);

/** How often a task is started, sent twenty signals, and stopped. */
const ROUNDS = repetitions("LANCO_TEST_ROUNDS", 50);

/** The signals as the kernel numbers them. */
const KILL = 9;

// kill(2) takes numbers, and there is a moment between the look at one and the signal. Where
// each number is given again at once, which no kernel does by itself, it shows how short that is.
cgroupTest(
  "a process that gets the number of one that has ended is as good as safe",
  async (ns) => {
    const script = `${ns.scratch}/few_numbers.py`;
    Deno.copyFileSync(SCRIPT, script);
    // systemd asks for the numbers on the host, which the host's proc tells.
    const inside = KEEPER === "systemd"
      ? `exec python3 "$@"`
      : `mount -t proc -o hidepid=invisible,subset=pid proc /run/lanco/proc && exec python3 "$@"`;
    const words = [LANCO, ns.name, String(OWNER), String(ROUNDS)];
    const { code, stdout, stderr } = await exec(
      ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", inside, "sh"]
        .concat(script, words),
      { uid: 0 },
    );
    assertEquals([code, stderr], [0, ""]);
    const { status, hit, total } = JSON.parse(stdout);
    assertEquals(status, 0);
    assert(total > 1000 && hit.length < total / 200, `${hit.length} hit of ${total}`);
    // What is killed is a cgroup, or is frozen.
    if (!LEGACY) assert(!hit.includes(KILL), `${hit}`);
  },
);
