import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, OWNER, OWNER_NAME, shell, STRANGER } from "../harness.ts";

cgroupTest("no process but root's can open a lock, or inherits one", async (ns) => {
  for (const uid of [OWNER, STRANGER]) {
    for (const lock of [".lock", `.lock-${ns.name}`]) {
      const path = `/run/lanco/${lock}`;
      for (const attempt of [`flock -n ${path} true`, `: <${path}`, `: >>${path}`, `rm ${path}`]) {
        assert((await exec(["sh", "-c", attempt], { uid })).code !== 0, attempt);
      }
    }
  }
  // While a release is under way, no process of the owner's has any of its descriptors.
  const trace = `${ns.scratch}/trace`;
  const command = [
    "strace",
    "-f",
    "-qq",
    "-e",
    "trace=execve,setuid,setresuid,setreuid",
    "-o",
    trace,
  ];
  assertEquals((await exec([...command, LANCO, ns.name, "release"], { uid: 0 })).code, 0);
  const text = Deno.readTextFileSync(trace);
  assert(text.includes("execve("));
  assert(
    !/set(re|res)?uid\(|setpriv/.test(text.replace(/^.*"\/usr\/bin\/setpriv".*ENOENT.*$/gm, "")),
  );
});

/** A limit, which a container has no controller for. */
const LIMIT = ["--memory", "50%", "--best-effort"];

cgroupTest(
  "init, release and doctor run no program that the caller's environment names",
  async (ns) => {
    const evil = `${ns.scratch}/evil`;
    const programs =
      "uname id sed mount umount grep cut sort stat mkdir rmdir chown chmod find flock cat ls " +
      "readlink unshare getent setpriv rm mv sleep mountpoint findmnt head tr date sh basename";
    await shell(`mkdir ${evil}; for name in ${programs}; do
    printf '#!/bin/sh\\n: >${ns.scratch}/ran-$name\\n' >${evil}/$name; chmod 755 ${evil}/$name; done
    echo ': >${ns.scratch}/ran-env' >${evil}/env`);
    const env = {
      PATH: `${evil}:/usr/bin:/bin`,
      ENV: `${evil}/env`,
      BASH_ENV: `${evil}/env`,
      CDPATH: evil,
      IFS: "/",
      "BASH_FUNC_mount%%": `() { : >${ns.scratch}/ran-function; }`,
    };
    await ns.must("run", "a", "sleep", "1000");
    const root = (...args: string[]) => exec([LANCO, ...args], { uid: 0, env });
    assertEquals((await root("doctor")).code, 0);
    assertEquals((await root(ns.name, "init", "-u", OWNER_NAME, ...LIMIT)).code, 0);
    for (const args of [["ls"], ["status", "a"], ["stop", "a"], ["dump"]]) {
      assertEquals((await root(ns.name, ...args)).code, 0, args.join(" "));
    }
    assertEquals((await root(ns.name, "release")).code, 0);
    const ran = [...Deno.readDirSync(ns.scratch)].map(({ name }) => name)
      .filter((name) => name.startsWith("ran-"));
    assertEquals(ran, []);
  },
);

cgroupTest("no namespace can have the name of a file beside the namespaces", async (ns) => {
  for (const name of ["proc", ".lock", "..", "-x", "a/b"]) {
    const { code } = await exec([LANCO, "--", name, "init", "-u", OWNER_NAME], { uid: 0 });
    assertEquals(code, 2, name);
  }
  assert(exists(`${ns.directory}/namespace.json`));
});
