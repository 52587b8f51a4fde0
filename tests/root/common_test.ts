import common from "../../src/root/common.sh" with { type: "text" };
import { assertEquals, assertMatch } from "@std/assert";
import { CAN_TEST_CGROUPS, exec, LANCO, OWNER } from "../harness.ts";

/** Runs lines of shell where /run is empty, and then prints owner and mode of /run/lanco. */
function withEmptyRun(lines: string, ...args: string[]) {
  const all = `mount -t tmpfs -o mode=755 none /run && { ${lines}
  }; status=$?; stat -c %u:%a /run/lanco; exit $status`;
  const words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", all, "sh", ...args];
  return exec(words, { uid: 0 });
}

/** The beginning of every init and release, with which a namespace is locked. */
const LOCK = ["/bin/sh", "-c", `${common}\nlock`, "lanco", "up", "a"];

Deno.test({
  name: "the first doctor makes /run/lanco accessible, whatever the umask",
  ignore: !CAN_TEST_CGROUPS,
  async fn() {
    for (const umask of ["077", "000"]) {
      // Without what is in /run systemd cannot be a keeper, and doctor may say that nothing can.
      const { stdout } = await withEmptyRun(`umask ${umask}; "$@" >/dev/null`, LANCO, "doctor");
      assertEquals(stdout, "0:755\n", umask);
    }
  },
});

Deno.test({
  name: "init and release open a /run/lanco that is closed to users",
  ignore: !CAN_TEST_CGROUPS,
  async fn() {
    const { code, stdout, stderr } = await withEmptyRun('mkdir -m 700 /run/lanco; "$@"', ...LOCK);
    assertEquals([code, stdout, stderr], [0, "0:755\n", ""]);
  },
});

Deno.test({
  name: "init and release write nothing to a /run/lanco that others may have written to",
  ignore: !CAN_TEST_CGROUPS,
  async fn() {
    for (const [owner, mode] of [[0, "777"], [0, "775"], [0, "1777"], [OWNER, "755"]] as const) {
      const make =
        `mkdir -m ${mode} /run/lanco; chown ${owner} /run/lanco; ln -s ../link /run/lanco/.lock-a`;
      const seen = '"$@"; status=$?; [ ! -e /run/link ] && (exit $status)';
      const { code, stdout, stderr } = await withEmptyRun(`${make}; ${seen}`, ...LOCK);
      assertEquals([code, stdout], [1, `${owner}:${mode}\n`], stderr);
      assertMatch(stderr, /^others than root may write to \/run\/lanco: see that nothing there is/);
    }
  },
});
