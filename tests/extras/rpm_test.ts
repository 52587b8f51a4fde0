import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, lives } from "../harness.ts";
import { asRoot, files, HERE, inDirectory, packages, packageTest } from "./packages.ts";

/** Runs rpm in a root of the test's own, in which there is a shell for the package's script. */
async function rpm(root: string, ...args: string[]): Promise<string> {
  if (!exists(`${root}/bin/sh`)) {
    const libraries = (await asRoot(["ldd", "/bin/dash"])).match(/\/\S+/g) ?? [];
    for (const file of ["/bin/dash", ...libraries]) {
      const to = `${root}${file === "/bin/dash" ? "/bin/sh" : file}`;
      await asRoot(["install", "-D", "-m", "755", file, to]);
    }
  }
  // Debian's rpm does not install packages unless it is told to, up to Debian 12.
  const { code } = await exec(["rpm", "--force-debian", "--version"]);
  const told = code === 0 ? ["--force-debian"] : [];
  return await asRoot(["rpm", `--root=${root}`, ...told, "--nodeps", ...args]);
}

/** Returns the paths of the files of the package below a root. */
async function installed(root: string): Promise<string[]> {
  return (await files(root)).filter((file) => file.startsWith("usr/"));
}

packageTest("rpmlint finds nothing but what its settings name", async ({ rpm }) => {
  const settings = `${HERE}src/extras/package/rpmlintrc`;
  const { stdout } = await exec(["rpmlint", "-r", settings, rpm], { env: { HOME: "/tmp" } });
  assertMatch(stdout, /1 packages and 0 specfiles checked/);
  // Not every version of rpmlint finds all that the settings name.
  const isUnnamed = (line: string) =>
    /: [EW]: /.test(line) && !line.includes("E: unused-rpmlintrc-filter");
  assertEquals(stdout.split("\n").filter(isUnnamed), []);
});

packageTest(
  "installing the RPM adds these files, and removing removes them",
  async (made, root) => {
    await rpm(root, "--install", made.rpm);
    assertEquals(await installed(root), [
      "usr/bin/lanco",
      "usr/lib/systemd/system/lanco@.service",
      "usr/share/bash-completion/completions/lanco",
      "usr/share/doc/lanco/README.md",
      "usr/share/doc/lanco/examples/cron",
      "usr/share/doc/lanco/examples/logrotate",
      "usr/share/fish/vendor_completions.d/lanco.fish",
      "usr/share/licenses/lanco/copyright",
      "usr/share/man/man7/lanco-daemon.7.gz",
      "usr/share/man/man7/lanco-design.7.gz",
      "usr/share/man/man8/lanco.8.gz",
      "usr/share/zsh/site-functions/_lanco",
    ]);
    assertEquals(await rpm(root, "--verify", "lanco"), "");
    await asRoot(["cmp", LANCO, `${root}/usr/bin/lanco`]);
    Deno.mkdirSync(`${root}/run/lanco/web`, { recursive: true });
    Deno.writeTextFileSync(`${root}/run/lanco/web/namespace.json`, "");
    assertEquals(await rpm(root, "--upgrade", "--force", made.rpm), "");
    assertMatch(
      await rpm(root, "--erase", "lanco"),
      /^lanco: these namespaces are left, and their tasks go on: web\n.*\n.*; or reboot\.\n$/,
    );
    assertEquals(await installed(root), []);
  },
);

packageTest("the RPM needs what the executable needs", async (made) => {
  const requires = await asRoot(["rpm", "-qp", "--requires", made.rpm]);
  for (const name of ["util-linux >= 2.32", "coreutils", "findutils", "libgcc_s.so.1()(64bit)"]) {
    assert(requires.split("\n").includes(name), name);
  }
  const glibc = requires.match(/GLIBC_2\.\d+(?=\))/g)?.map((name) => Number(name.slice(8))) ?? [];
  // RHEL 8 has 2.28.
  assert(Math.max(...glibc) <= 28, requires);
  const version = await asRoot(["rpm", "-qp", "--queryformat", "%{VERSION}", made.rpm]);
  assertStringIncludes((await exec([LANCO, "-v"])).stdout, `lanco ${version} (`);
});

cgroupTest("a task survives the removal of the RPM", (ns) =>
  inDirectory(async (root) => {
    const made = (await packages)!;
    await rpm(root, "--install", made.rpm);
    assertEquals(
      (await exec([`${root}/usr/bin/lanco`, ns.name, "run", "task", "sleep", "1000"])).code,
      0,
    );
    const processes = [...ns.task("task"), ns.shim("task")];
    await rpm(root, "--upgrade", "--force", made.rpm);
    assertEquals((await exec([`${root}/usr/bin/lanco`, ns.name, "check", "task"])).code, 0);
    await rpm(root, "--erase", "lanco");
    assertEquals(processes.filter(lives), processes);
    assertEquals((await ns.lanco("stop", "task")).code, 0);
  }));
