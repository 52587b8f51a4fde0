import { assertEquals, assertMatch } from "@std/assert";
import { renderFindings } from "../../src/show/findings.ts";
import { diagnose, parseFacts } from "../../src/namespace/doctor.ts";
import { CAN_TEST_CGROUPS, exec, exists, LANCO, OWNER, until } from "../harness.ts";

const PROGRAMS = [
  "setsid",
  "setpriv",
  "flock",
  "mount",
  "umount",
  "mountpoint",
  "getent",
  "mkfifo",
  "find",
  "fallocate",
  "bash",
];

const GOOD = `kernel 6.1.0-50-amd64
cmdline root=/dev/vda
v1 yes
first_cgroup_namespace yes
unified /sys/fs/cgroup
unified_controllers cpuset cpu io memory pids
shell /usr/bin/dash
agent_options rw,relatime
logs_type ext4
named_mount yes
${PROGRAMS.map((name) => `program ${name} /usr/bin/${name}`).join("\n")}
`;

/** Returns the findings for a current host with some facts replaced, or removed if undefined. */
function found(changes: Record<string, string | null> = {}): string[] {
  const lines = GOOD.split("\n").filter((line) =>
    !Object.keys(changes).some((name) => line === name || line.startsWith(`${name} `))
  );
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}`]
  );
  return diagnose(parseFacts([...lines, ...added].join("\n")))
    .filter(({ level }) => level !== "ok")
    .map(({ level, text }) => `${level}: ${text}`);
}

Deno.test("diagnose() finds nothing wrong with a current host", () => {
  assertEquals(found(), []);
  assertMatch(
    renderFindings(diagnose(parseFacts(GOOD))),
    /^ok {6}layout unified, unified hierarchy at \/sys\/fs\/cgroup\n/,
  );
});

Deno.test("diagnose() tells of owners whose user managers linger", () => {
  const facts = parseFacts(`${GOOD}lingers app\nlingers ci\nlingers app\n`);
  const texts = diagnose(facts).filter(({ level }) => level !== "ok").map(({ text }) => text);
  assertEquals(texts.map((text) => text.split(" ")[0]), ["app", "ci"]);
  assertMatch(texts[0] ?? "", /run "loginctl disable-linger app"/);
});

Deno.test("diagnose() reports each cause of a failing init, and its remedy", () => {
  const cases: [Record<string, string | null>, RegExp][] = [
    [{ unified: null }, /^fatal: no cgroup hierarchy is mounted: mount one/],
    [{ v1: null }, /^fatal: .* cannot mount a named hierarchy: this kernel has no cgroup v1/],
    [{ cmdline: "quiet cgroup_no_v1=named" }, /^fatal: .* boot without cgroup_no_v1=named/],
    [{ cmdline: "cgroup_no_v1=all" }, /^fatal: .* boot without/],
    [{ first_cgroup_namespace: null }, /^fatal: .* outside of containers/],
    [{ named_mount: "no" }, /^fatal: .* outside of containers/],
    [{ agent_options: "rw,noexec" }, /^fatal: .*; \/var\/lib is mounted noexec.* remount it/],
    [{ "program setsid": null }, /^fatal: setsid is missing: install it, with util-linux/],
    [{ "program setpriv": null }, /^fatal: setpriv is missing/],
    [{ "program find": null }, /^fatal: find is missing: install it, with findutils/],
  ];
  for (const [changes, text] of cases) assertMatch(found(changes)[0] ?? "nothing", text);
});

const SYSTEMD = { systemd: "252", bus: "yes" };

/** The line about what keeps namespaces. */
function keeper(changes: Record<string, string | null>): string {
  const kept = GOOD.split("\n").filter((line) => !((line.split(" ")[0] ?? "") in changes));
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}`]
  );
  const findings = diagnose(parseFacts([...kept, ...added].join("\n")));
  return renderFindings(findings).split("\n")[1] ?? "";
}

Deno.test("diagnose() says what keeps namespaces, and why not another", () => {
  const cases: [Record<string, string | null>, RegExp][] = [
    [{}, /^ok {6}keeper named; not systemd: .* process 1 is another$/],
    [SYSTEMD, /^ok {6}keeper systemd; "init --keeper named" gives the other$/],
    [{ ...SYSTEMD, named_mount: "no" }, /^ok {6}keeper systemd; not named: cannot mount/],
    [{ ...SYSTEMD, v1: null }, /^ok {6}keeper systemd; not named: .* no cgroup v1/],
    [{ ...SYSTEMD, agent_options: "noexec" }, /^ok {6}keeper systemd; not named: \/var\/lib/],
    [{ ...SYSTEMD, systemd: "249" }, /^ok {6}keeper named; not systemd: systemd 249 is older/],
    [{ ...SYSTEMD, bus: null }, /^ok {6}keeper named; not systemd: .* no system bus: install/],
    [
      { ...SYSTEMD, v1_hierarchy: "rw,memory" },
      /^ok {6}keeper named; not systemd: .* cgroup v1: boot/,
    ],
    [{ ...SYSTEMD, v1_hierarchy: "rw,name=lanco-a", v1: null }, /^ok {6}keeper systemd; /],
    [{ ...SYSTEMD, selinux: "enforcing" }, /^ok {6}keeper systemd; "init --keeper named"/],
    [
      { first_cgroup_namespace: null },
      /^fatal {3}nothing can keep namespaces here: systemd does not run: .*; cannot mount .* outside of containers$/,
    ],
  ];
  for (const [changes, text] of cases) assertMatch(keeper(changes), text);
});

Deno.test("diagnose() warns of features that an old or bare host lacks", () => {
  const cases: [Record<string, string | null>, RegExp][] = [
    [
      { unified_controllers: "cpu io pids" },
      /^warning: no controller memory: --memory cannot be enforced/,
    ],
    [{ selinux: "enforcing" }, /^warning: SELinux .* needs the module of "lanco man selinux"$/],
    [{ kernel: "5.10.0-30-amd64" }, /^warning: no cgroup\.kill: .*: use Linux 5\.14 or newer/],
    [{ "program bash": null }, /^warning: no bash: .* descriptors above 9/],
    [{ shell: "/usr/bin/bash" }, /^warning: \/bin\/sh is not dash/],
  ];
  for (const [changes, text] of cases) assertMatch(found(changes)[0] ?? "nothing", text);
});

Deno.test("diagnose() tells how logs in /var/log can be bounded", () => {
  const told = (type: string) =>
    diagnose(parseFacts(GOOD.replace("logs_type ext4", `logs_type ${type}`))).at(-1);
  assertMatch(told("xfs")?.text ?? "", /on xfs: --log-max takes out what is dropped/);
  assertMatch(told("btrfs")?.text ?? "", /on btrfs: .* becomes a hole in it$/);
  assertMatch(told("")?.text ?? "", /on an unknown file system: --log-max is refused if/);
  assertEquals(found({ "program fallocate": null }), [
    "warning: fallocate is missing: --log-max cannot be used: install it, with util-linux",
  ]);
});

Deno.test("diagnose() tells the three layouts apart", () => {
  const layout = (text: string) =>
    /layout (\w+)/.exec(diagnose(parseFacts(text))[0]?.text ?? "")?.[1];
  assertEquals(layout("unified /sys/fs/cgroup\n"), "unified");
  assertEquals(layout("unified /x\nv1_hierarchy rw,cpu,cpuacct\n"), "hybrid");
  assertEquals(layout("v1_hierarchy rw,memory\n"), "legacy");
});

Deno.test({
  name: "doctor needs no namespace and no privilege, and finds that this host is fit for lanco",
  ignore: !CAN_TEST_CGROUPS,
  async fn() {
    for (const uid of [0, OWNER]) {
      const { code, stdout, stderr } = await exec([LANCO, "doctor"], { uid });
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, /^ok {6}layout \w+/);
    }
    assertEquals((await exec([LANCO, "doctor", "x"])).code, 2);
    // The kernel takes a moment to drop the hierarchy, and init in parallel tests mounts it too.
    await until(
      "the hierarchy that was tried is gone",
      () => !Deno.readTextFileSync("/proc/self/cgroup").includes("lanco-doctor"),
    );
  },
});

Deno.test({
  name: "init refuses with the message of doctor, and leaves nothing behind",
  ignore: !CAN_TEST_CGROUPS,
  async fn() {
    // In this mount namespace /bin lacks a program that init needs.
    const hide = 'mount --bind /dev/null "$(readlink -f "$(command -v setpriv)")" && exec "$@"';
    const without = (...command: string[]) =>
      new Deno.Command("unshare", { args: ["--mount", "sh", "-c", hide, "sh", ...command] })
        .output();
    const text = new TextDecoder();
    const examined = await without(LANCO, "doctor");
    assertEquals(examined.code, 1);
    assertMatch(text.decode(examined.stdout), /^fatal {3}setpriv is missing: install it/m);
    const init = await without(LANCO, "no-such-namespace", "init");
    assertEquals(init.code, 1);
    assertMatch(text.decode(init.stderr), /\[ERROR\/init\] setpriv is missing: install it/);
    assertEquals(exists("/run/lanco/no-such-namespace"), false);
  },
});
