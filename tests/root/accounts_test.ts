import up from "../../src/root/up.sh" with { type: "text" };
import { assertEquals } from "@std/assert";
import { cgroupTest, exec, type TestNamespace } from "../harness.ts";

/** The ids that init resolves a user and a group to, on a host with some additional accounts. */
async function resolve(ns: TestNamespace, user: string, group: string): Promise<string> {
  const files: Record<string, string> = {
    passwd: "1234:x:1500006:1500007::/:/bin/sh\nCORP\\\\jané doe:x:1500008:1500009::/:/bin/sh\n",
    group: "1234:x:1500010:\n0012:x:1500011:\nCORP\\\\domain users:x:1500012:\nvêntes:x:1500013:\n",
  };
  for (const [name, text] of Object.entries(files)) {
    const host = Deno.readTextFileSync(`/etc/${name}`);
    Deno.writeTextFileSync(`${ns.scratch}/${name}`, host + text.replaceAll("\\\\", "\\"));
  }
  // The function alone is run, in a mount namespace with other account files.
  const functions = up.slice(up.indexOf("number() {"), up.indexOf("# attach SOURCE"));
  const line = `mount --bind ${ns.scratch}/passwd /etc/passwd
    mount --bind ${ns.scratch}/group /etc/group
    fail() { shift; echo "$*"; exit 0; }
    user=$1 group=$2 ns=${ns.name} run=/nonexistent
    ${functions}
    owner_ids && echo "$uid $gid"`;
  const words = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", line, "sh"];
  const { stdout, stderr } = await exec([...words, user, group], { uid: 0 });
  assertEquals(stderr, "");
  return stdout.trim();
}

cgroupTest(
  "init looks for an account by name before it takes the word for a number, as id and chown do",
  async (ns) => {
    const cases: [string, string, string][] = [
      ["1234", "", "1500006 1500007"],
      ["1234", "1234", "1500006 1500010"],
      ["1500006", "0012", "1500006 1500011"],
      ["5", "", "5 60"],
      ["0005", "00013", "5 13"],
      ["4000000000", "4000000001", "4000000000 4000000001"],
      ["0004000000000", "1", "4000000000 1"],
      ["4000000000", "", "user 4000000000 has no primary group: give one with -g"],
      ["4294967295", "1", 'unknown user "4294967295": see "getent passwd"'],
      ["99999999999999999999", "1", 'unknown user "99999999999999999999": see "getent passwd"'],
      ["5", "4294967295", 'unknown group "4294967295": see "getent group"'],
      ["5", "no-such", 'unknown group "no-such": see "getent group"'],
      ["CORP\\jané doe", "CORP\\domain users", "1500008 1500012"],
      ["5", "vêntes", "5 1500013"],
    ];
    for (const [user, group, ids] of cases) assertEquals(await resolve(ns, user, group), ids);
  },
);

cgroupTest("init refuses options, pairs and control characters as accounts", async (ns) => {
  for (const name of ["-x", "+5", "5:6", "a\tb", "a\nb"]) {
    for (const option of ["--user", "--group"]) {
      const { code } = await ns.lancoWith({ uid: 0 }, "init", `${option}=${name}`);
      assertEquals(code, 2, `${option} ${JSON.stringify(name)}`);
    }
  }
});
