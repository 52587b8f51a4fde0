import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, lives, OWNER, until } from "../harness.ts";
import { asRoot, files, inDirectory, makePackages, packages, packageTest } from "./packages.ts";

/** Runs dpkg in a root of the test's own, with all files, even those that this host excludes. */
function dpkg(root: string, ...args: string[]): Promise<string> {
  for (const directory of ["info", "updates", "triggers"]) {
    Deno.mkdirSync(`${root}/var/lib/dpkg/${directory}`, { recursive: true });
  }
  for (const file of ["status", "available"]) {
    Deno.writeTextFileSync(`${root}/var/lib/dpkg/${file}`, "", { append: true });
  }
  // That root has no shell in which the package's script could run.
  const force = ["--force-depends", "--force-unsafe-io", "--force-script-chrootless"];
  const options = [...force, "--path-include=/*"];
  return asRoot(["dpkg", `--root=${root}`, `--log=${root}/log`, ...options, ...args]);
}

packageTest("lintian finds no errors and no warnings in the package", async ({ deb }) => {
  const { code, stdout } = await exec(
    ["lintian", "--display-info", "--pedantic", "--fail-on", "error,warning", deb],
    { env: { HOME: "/tmp", TMPDIR: "/tmp" } },
  );
  assertEquals([code, stdout], [0, ""]);
});

packageTest("installing adds these files, and removing removes them all", async ({ deb }, root) => {
  await dpkg(root, "--install", deb);
  assertEquals(await files(root), [
    "usr/bin/lanco",
    "usr/lib/systemd/system/lanco@.service",
    "usr/share/bash-completion/completions/lanco",
    "usr/share/doc/lanco/README.md",
    "usr/share/doc/lanco/changelog.gz",
    "usr/share/doc/lanco/copyright",
    "usr/share/doc/lanco/examples/cron",
    "usr/share/doc/lanco/examples/logrotate",
    "usr/share/fish/vendor_completions.d/lanco.fish",
    "usr/share/lintian/overrides/lanco",
    "usr/share/man/man7/lanco-daemon.7.gz",
    "usr/share/man/man7/lanco-design.7.gz",
    "usr/share/man/man8/lanco.8.gz",
    "usr/share/zsh/vendor-completions/_lanco",
  ]);
  assertEquals(await dpkg(root, "--verify", "lanco"), "");
  await dpkg(root, "--purge", "lanco");
  assertEquals(await files(root), []);
  assertEquals(exists(`${root}/usr`), false);
});

packageTest(
  "removing the package lists the namespaces that are left, and an upgrade does not",
  async ({ deb }, root) => {
    await dpkg(root, "--install", deb);
    for (const name of ["web", "db", "half"]) {
      Deno.mkdirSync(`${root}/run/lanco/${name}`, { recursive: true });
      if (name !== "half") Deno.writeTextFileSync(`${root}/run/lanco/${name}/namespace.json`, "");
    }
    assertEquals(
      (await dpkg(root, "--install", await newer(deb, root))).includes("are left"),
      false,
    );
    const said = await dpkg(root, "--remove", "lanco");
    assertMatch(said, /lanco: these namespaces are left, and their tasks go on: db web\n/);
    assertMatch(
      said,
      /To remove one, install lanco again, .*\n.* run "lanco NAMESPACE release"; or reboot/,
    );
  },
);

packageTest(
  "purging removes the marks of runs with their owner's rights, and no other file",
  async ({ deb }, root) => {
    await dpkg(root, "--install", deb);
    const [logs, other] = [`${root}/var/log/lanco-web`, `${root}/var/log/lanco-db`];
    for (const directory of [`${logs}/.runs/once`, other, `${root}/victim`]) {
      Deno.mkdirSync(directory, { recursive: true });
    }
    const files = ["task-a.log", ".runs/x-a", ".runs/once/x-b"].map((name) => `${logs}/${name}`);
    for (const file of [...files, `${root}/victim/x`]) Deno.writeTextFileSync(file, "");
    Deno.symlinkSync("../../../victim", `${other}/.runs`);
    Deno.symlinkSync("../../../../victim", `${logs}/.runs/link`);
    // What the owner may not remove stays, for root removes nothing there.
    Deno.mkdirSync(`${root}/var/log/lanco-root`);
    await asRoot(["chown", "-hR", String(OWNER), logs, other]);
    Deno.mkdirSync(`${logs}/.runs/closed`);
    Deno.writeTextFileSync(`${logs}/.runs/closed/x`, "");
    await dpkg(root, "--remove", "lanco");
    assert(files.every(exists));
    await dpkg(root, "--purge", "lanco");
    assertEquals(files.map(exists), [true, false, false]);
    assertEquals(exists(`${root}/victim/x`), true);
    assertEquals(exists(`${logs}/.runs/closed/x`), true);
  },
);

packageTest("the installed files are the same as the executable prints", async ({ deb }, root) => {
  await dpkg(root, "--install", deb);
  const lanco = `${root}/usr/bin/lanco`;
  const printed = async (...args: string[]) => (await exec([lanco, ...args])).stdout;
  const share = (file: string) => Deno.readTextFileSync(`${root}/usr/share/${file}`);
  assertEquals(
    await asRoot(["gzip", "-dc", `${root}/usr/share/man/man8/lanco.8.gz`]),
    await printed("man"),
  );
  assertEquals(share("bash-completion/completions/lanco"), await printed("completions", "bash"));
  assertEquals(share("zsh/vendor-completions/_lanco"), await printed("completions", "zsh"));
  assertEquals(share("fish/vendor_completions.d/lanco.fish"), await printed("completions", "fish"));
  assertEquals(share("doc/lanco/examples/logrotate"), await printed("man", "logrotate"));
  assertEquals(
    share("doc/lanco/examples/cron"),
    (await printed("man", "cron")).replaceAll("/usr/local/bin/", "/usr/bin/"),
  );
  const unit = Deno.readTextFileSync(`${root}/usr/lib/systemd/system/lanco@.service`);
  assertMatch(unit, /^ExecStart=\/usr\/bin\/lanco %i init /m);
  assertEquals(
    unit.replace("/usr/bin", "/usr/local/bin"),
    await printed("man", "systemd"),
  );
});

packageTest("the dependencies and the version of the package are right", async ({ deb }) => {
  const depends = await asRoot(["dpkg-deb", "--field", deb, "Depends"]);
  const [, glibc] = /^libc6 \(>= (\d+\.\d+)\), libgcc-s1, mount, util-linux \(>= 2\.33\)\n$/
    .exec(depends) ?? [];
  assert(glibc !== undefined, depends);
  for (const name of ["libgcc-s1", "mount", "util-linux"]) {
    assertMatch(await asRoot(["dpkg-query", "-W", "-f", "${Status}", name]), / installed$/);
  }
  const version = await asRoot(["dpkg-deb", "--field", deb, "Version"]);
  assertStringIncludes((await exec([LANCO, "-v"])).stdout, `lanco ${version.trim()} (`);
});

packageTest("the same commit gives the same packages", async (made, directory) => {
  const again = await makePackages(LANCO, directory);
  for (const kind of ["deb", "archive", "rpm"] as const) {
    await asRoot(["cmp", made[kind], again[kind]]);
  }
});

packageTest("the archive unpacks into a prefix", async ({ archive }, prefix) => {
  await asRoot(["tar", "-xzf", archive, "-C", prefix, "--strip-components=1"]);
  assertEquals(await files(prefix), [
    "bin/lanco",
    "lib/systemd/system/lanco@.service",
    "share/bash-completion/completions/lanco",
    "share/doc/lanco/README.md",
    "share/doc/lanco/copyright",
    "share/doc/lanco/examples/cron",
    "share/doc/lanco/examples/logrotate",
    "share/fish/vendor_completions.d/lanco.fish",
    "share/man/man7/lanco-daemon.7.gz",
    "share/man/man7/lanco-design.7.gz",
    "share/man/man8/lanco.8.gz",
    "share/zsh/site-functions/_lanco",
  ]);
  assertEquals((await exec([`${prefix}/bin/lanco`, "-v"])).code, 0);
  const unit = Deno.readTextFileSync(`${prefix}/lib/systemd/system/lanco@.service`);
  assertEquals(unit, (await exec([LANCO, "man", "systemd"])).stdout);
});

/** Makes the same package with a higher version. */
async function newer(deb: string, directory: string): Promise<string> {
  await asRoot(["dpkg-deb", "--raw-extract", deb, `${directory}/newer`]);
  const control = `${directory}/newer/DEBIAN/control`;
  const text = Deno.readTextFileSync(control).replace(/^Version: .*$/m, "Version: 99.0.0");
  Deno.writeTextFileSync(control, text);
  await asRoot(["dpkg-deb", "-Znone", "--build", `${directory}/newer`, `${directory}/newer.deb`]);
  return `${directory}/newer.deb`;
}

cgroupTest(
  "a task survives the upgrade and the removal of the package",
  (ns) =>
    inDirectory(async (directory) => {
      const { deb } = (await packages)!;
      const root = `${directory}/root`;
      await dpkg(root, "--install", deb);
      const lanco = (...args: string[]) => exec([`${root}/usr/bin/lanco`, ns.name, ...args]);
      assertEquals((await lanco("run", "task", "sleep", "1000")).code, 0);
      const processes = [...ns.task("task"), ns.shim("task")];
      assertEquals(processes.length, 2);

      await dpkg(root, "--install", await newer(deb, directory));
      assertMatch(await dpkg(root, "--status", "lanco"), /^Version: 99\.0\.0$/m);
      assertEquals((await lanco("check", "task")).code, 0);
      assertEquals([...ns.task("task"), ns.shim("task")], processes);

      await dpkg(root, "--purge", "lanco");
      assertEquals(exists(`${root}/usr/bin/lanco`), false);
      assertEquals(processes.filter(lives), processes);
      // The task ends as usual without the executable, for the kernel and the shim wait for it.
      Deno.kill(processes[0]!, "SIGTERM");
      await ns.gone("task");
      await until("its shim is gone", () => !processes.some(lives));
      assertMatch((await ns.lanco("status", "task")).stdout, /^task: killed, by SIGTERM$/m);
    }),
);
