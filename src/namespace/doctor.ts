import script from "./facts.sh" with { type: "text" };
import { runProgram } from "../cli/program_output.ts";
import { chooseKeeper, type Facts, KEEPERS, whyNot } from "./keepers.ts";

/** The result of one check of the host. */
export interface Finding {
  /** `ok`; `warning` if a feature is unavailable; `fatal` if `init` would fail. */
  level: "ok" | "warning" | "fatal";
  /** The result in words; unless it is `ok`, also what is unavailable and how to get it. */
  text: string;
}

/** Collects the facts about this host, with a shell that has the rights of the caller. */
export async function collectFacts(): Promise<Facts> {
  return parseFacts((await runProgram("/bin/sh", ["-c", script, "lanco"])).stdout);
}

/** Parses the output of `facts.sh`. */
export function parseFacts(text: string): Facts {
  const facts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ");
    if (space < 0) continue;
    const name = line.slice(0, space);
    facts.set(name, [...facts.get(name) ?? [], line.slice(space + 1)]);
  }
  return facts;
}

/** The kernel version, the file that it introduced, and the effect of being without it. */
const KERNEL: readonly [string, string, string][] = [
  ["5.2", "cgroup.freeze", "pause and resume need the freezer of v1"],
  ["5.14", "cgroup.kill", "stop --now freezes and kills one by one"],
  ["5.19", "memory.peak", "status shows no peak of memory"],
  ["6.1", "pids.peak", "status shows no peak of processes"],
];

/** The programs that a namespace needs, and the Debian packages that contain them. */
const NEEDED: readonly [string, string][] = [
  ["setsid", "util-linux"],
  ["setpriv", "util-linux"],
  ["flock", "util-linux"],
  ["mount", "util-linux"],
  ["umount", "util-linux"],
  ["mountpoint", "util-linux"],
  ["getent", "libc-bin"],
  ["mkfifo", "coreutils"],
  ["find", "findutils"],
];

/** Returns the result of every check of these facts. */
export function diagnose(facts: Facts): Finding[] {
  const programs = (facts.get("program") ?? []).map((line) => line.split(" ")[0] ?? "");
  return [
    hierarchies(facts),
    keepers(facts),
    ...confinedKernel(facts),
    ...lingering(facts),
    ...controllers(facts),
    ...kernelFeatures(facts),
    ...NEEDED.filter(([name]) => !programs.includes(name))
      .map(([name, where]) => fatal(`${name} is missing: install it, with ${where}`)),
    ...shells(facts, programs),
    logs(facts, programs),
  ];
}

/** The file systems that can take blocks out of a file, and others in which they become a hole (fallocate(2)). */
const SHRINKING = ["ext4", "xfs", "f2fs"],
  HOLLOWING = ["btrfs", "tmpfs", "ext3", "bcachefs", "zfs"];

/** What --log-max does here. */
function logs(facts: Facts, programs: readonly string[]): Finding {
  const type = facts.get("logs_type")?.[0] ?? "";
  const where = `/var/log is on ${type || "an unknown file system"}`;
  if (!programs.includes("fallocate")) {
    return warning("fallocate is missing: --log-max cannot be used: install it, with util-linux");
  }
  if (SHRINKING.includes(type)) {
    return ok(`${where}: --log-max takes out what is dropped from a log`);
  }
  if (HOLLOWING.includes(type)) {
    return ok(`${where}: with --log-max what is dropped from a log becomes a hole in it`);
  }
  return ok(`${where}: --log-max is refused if that can make no holes in files`);
}

const ok = (text: string): Finding => ({ level: "ok", text });
const warning = (text: string): Finding => ({ level: "warning", text });
const fatal = (text: string): Finding => ({ level: "fatal", text });

function hierarchies(facts: Facts): Finding {
  const unified = facts.get("unified")?.[0];
  const old = facts.get("v1_hierarchy") ?? [];
  const controlled = old.filter((options) => !options.includes("name="));
  if (unified === undefined && old.length === 0) {
    return fatal(
      'no cgroup hierarchy is mounted: mount one, e.g. with "mount -t cgroup2 none /sys/fs/cgroup"',
    );
  }
  const layout = unified === undefined ? "legacy" : controlled.length ? "hybrid" : "unified";
  return ok(`layout ${layout}${unified === undefined ? "" : `, unified hierarchy at ${unified}`}`);
}

/** What keeps namespaces here, or why nothing can. */
function keepers(facts: Facts): Finding {
  const chosen = chooseKeeper(facts);
  const reasons = KEEPERS.map((keeper) => [keeper, whyNot(keeper, facts)] as const);
  if (chosen === undefined) {
    const why = reasons.map(([, reason]) => reason).join("; ");
    return fatal(`nothing can keep namespaces here: ${why}`);
  }
  const others = reasons.filter(([keeper]) => keeper !== chosen).map(([keeper, reason]) =>
    reason === undefined ? `"init --keeper ${keeper}" gives the other` : `not ${keeper}: ${reason}`
  );
  const untried = chosen === "named" && !facts.has("named_mount")
    ? " (only root can try to mount one)"
    : "";
  return ok(`keeper ${chosen}${untried}; ${others.join("; ")}`);
}

/** SELinux confines the kernel in some policies, and cannot be asked whether in this one. */
function confinedKernel(facts: Facts): Finding[] {
  if (!facts.has("selinux") || chooseKeeper(facts) !== "named") return [];
  return [
    warning(
      "SELinux is enforced: where it confines the kernel (RHEL 10, Fedora), a named hierarchy " +
        'needs the module of "lanco man selinux"',
    ),
  ];
}

/** A user manager is a place outside of the namespace that takes in processes of the owner's. */
function lingering(facts: Facts): Finding[] {
  return [...new Set(facts.get("lingers") ?? [])].map((owner) =>
    warning(
      `${owner} owns a namespace and has a user manager that lingers: a task can move itself ` +
        `there, and so out of its limits: run "loginctl disable-linger ${owner}" if nothing needs it`,
    )
  );
}

function controllers(facts: Facts): Finding[] {
  const found = [
    ...(facts.get("unified_controllers")?.[0] ?? "").split(" "),
    ...(facts.get("v1_hierarchy") ?? []).flatMap((options) => options.split(",")),
  ].map((name) => name === "blkio" ? "io" : name);
  const needed: Record<string, string> = {
    cpu: "--cpus and --cpu-weight cannot be enforced",
    memory: "--memory cannot be enforced, and memory is not counted",
    pids: "--pids cannot be enforced",
    io: "--io-weight cannot be enforced",
  };
  return Object.entries(needed).map(([name, effect]) =>
    found.includes(name)
      ? ok(`controller ${name}`)
      : warning(`no controller ${name}: ${effect}: boot with cgroup_enable=${name}`)
  );
}

function kernelFeatures(facts: Facts): Finding[] {
  const release = facts.get("kernel")?.[0] ?? "";
  if (!facts.has("unified")) return [ok(`kernel ${release}`)];
  const rank = (version: string) => {
    const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
    return major * 1000 + minor;
  };
  return [
    ok(`kernel ${release}`),
    ...KERNEL.filter(([since]) => rank(release) < rank(since)).map(([since, file, effect]) =>
      warning(`no ${file}: ${effect}: use Linux ${since} or newer`)
    ),
  ];
}

function shells(facts: Facts, programs: readonly string[]): Finding[] {
  const shell = facts.get("shell")?.[0] ?? "";
  const findings: Finding[] = [ok(`shell ${shell}`)];
  if (!programs.includes("bash")) {
    findings.push(
      warning("no bash: a task inherits its caller's descriptors above 9: install bash"),
    );
  }
  if (!/\/(dash|busybox)$/.test(shell)) {
    findings.push(
      warning("/bin/sh is not dash: a task's shim takes some 1 MB more: make it dash"),
    );
  }
  return findings;
}
