import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CAN_TEST_CGROUPS, cgroupTest, exec, LANCO } from "../harness.ts";
import { asRoot, HERE, inDirectory, makePackages } from "./packages.ts";

/** Where Debian has the libraries of that machine. */
const LIBRARIES = "/usr/aarch64-linux-gnu";

let built: Promise<string> | undefined;

/** Returns the path of the executable for arm64, which is built when it is asked for first. */
function executableOfArm64(): Promise<string> {
  return built ??= build(`${Deno.env.get("LANCO_TEST_DIR")}/arm64-${crypto.randomUUID()}`);
}

async function build(path: string): Promise<string> {
  await asRoot([`${HERE}scripts/build`, "--target", "aarch64", "src/main.ts", path]);
  return path;
}

/** Runs it as the kernel of such a machine would, for the owner of the tests' namespaces. */
function arm64(executable: string) {
  return (...args: string[]) => exec(["qemu-aarch64-static", "-L", LIBRARIES, executable, ...args]);
}

cgroupTest("the executable for arm64 runs, watches and stops tasks", async (ns) => {
  const run = arm64(await executableOfArm64());
  const version = (await exec([LANCO, "-v"])).stdout;
  assertEquals((await run("-v")).stdout, version.replace("x86_64", "aarch64"));
  assertEquals(await run(ns.name, "check", "web"), { code: 3, stdout: "", stderr: "" });
  const more = ["-c", "echo $LANCO_STATUS", "web", "sh", "-c", "echo out; exec sleep 1000"];
  assertEquals(await run(ns.name, "run", ...more), { code: 0, stdout: "", stderr: "" });
  assertEquals((await run(ns.name, "run", "web", "true")).code, 4);
  // Either executable knows the tasks of the other.
  assertEquals((await ns.lanco("check", "web")).code, 0);
  assertStringIncludes((await run(ns.name, "ls")).stdout, "sleep 1000");
  assertEquals((await run(ns.name, "stop", "web")).code, 0);
  assertEquals((await run(ns.name, "wait", "web")).code, 143);
  assertMatch((await run(ns.name, "status", "web")).stdout, /^web: killed, by SIGTERM$/m);
  assertStringIncludes((await run(ns.name, "logs", "web")).stdout, "out\n");
  const doctor = await run("doctor");
  assertEquals(doctor.stdout, (await exec([LANCO, "doctor"])).stdout);
});

Deno.test({
  name: "the packages for arm64 are for arm64, and have what those for this machine have",
  ignore: !CAN_TEST_CGROUPS,
  fn: () =>
    inDirectory(async (directory) => {
      const executable = await executableOfArm64();
      const { deb, archive, rpm } = await makePackages(executable, directory);
      assertEquals(await asRoot(["dpkg-deb", "--field", deb, "Architecture"]), "arm64\n");
      assertEquals(await asRoot(["rpm", "-qp", "--queryformat", "%{ARCH}", rpm]), "aarch64");
      assertMatch(archive, /-linux-arm64\.tar\.gz$/);
      await asRoot(["tar", "-xzf", archive, "-C", directory, "--strip-components=1"]);
      await asRoot(["cmp", executable, `${directory}/bin/lanco`]);
      const manual = await asRoot(["gzip", "-dc", `${directory}/share/man/man8/lanco.8.gz`]);
      assertEquals(manual, (await exec([LANCO, "man"])).stdout);
      const depends = await asRoot(["dpkg-deb", "--field", deb, "Depends"]);
      const [, glibc] = /^libc6 \(>= 2\.(\d+)\)/.exec(depends) ?? [];
      assert(glibc !== undefined && Number(glibc) <= 28, depends);
    }),
});
