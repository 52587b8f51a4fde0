import script from "./facts.sh" with { type: "text" };

/** The result of one check of the host. */
export interface Finding {
  /** `ok`; `warning` if a feature is unavailable; `fatal` if `init` would fail. */
  level: "ok" | "warning" | "fatal";
  /** The result in words; unless it is `ok`, also what is unavailable and how to get it. */
  text: string;
}

/** The facts about a host that `facts.sh` prints: the values of each, in their order there. */
export type Facts = ReadonlyMap<string, readonly string[]>;

/** Collects the facts about this host, with a shell that has the rights of the caller. */
export async function collectFacts(): Promise<Facts> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "lanco"],
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).output();
  return parseFacts(new TextDecoder().decode(stdout));
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
    ...hierarchies(facts),
    namedHierarchy(facts),
    ...controllers(facts),
    ...kernelFeatures(facts),
    agentFileSystem(facts),
    ...NEEDED.filter(([name]) => !programs.includes(name)).map(([name, where]): Finding => ({
      level: "fatal",
      text: `${name} is missing: install it, with ${where}`,
    })),
    ...shells(facts, programs),
  ];
}

const ok = (text: string): Finding => ({ level: "ok", text });

function hierarchies(facts: Facts): Finding[] {
  const unified = facts.get("unified")?.[0];
  const old = facts.get("v1_hierarchy") ?? [];
  const controlled = old.filter((options) => !options.includes("name="));
  if (unified === undefined && old.length === 0) {
    return [{
      level: "fatal",
      text:
        'no cgroup hierarchy is mounted: mount one, e.g. with "mount -t cgroup2 none /sys/fs/cgroup"',
    }];
  }
  const layout = unified === undefined ? "legacy" : controlled.length ? "hybrid" : "unified";
  return [
    ok(`layout ${layout}${unified === undefined ? "" : `, unified hierarchy at ${unified}`}`),
  ];
}

function namedHierarchy(facts: Facts): Finding {
  const cmdline = facts.get("cmdline")?.[0] ?? "";
  const why = !facts.has("v1")
    ? "this kernel has no cgroup v1: use one built with it"
    : /\bcgroup_no_v1=\S*\b(all|named)\b/.test(cmdline)
    ? "boot without cgroup_no_v1=named"
    : !facts.has("first_cgroup_namespace")
    ? "run init outside of containers"
    : facts.get("named_mount")?.[0] === "no"
    ? "run init outside of containers, with all of root's capabilities"
    : undefined;
  return why === undefined
    ? ok(`named hierarchies${facts.has("named_mount") ? "" : " (only root can try to mount one)"}`)
    : { level: "fatal", text: `cannot mount a named hierarchy: ${why}` };
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
    found.includes(name) ? ok(`controller ${name}`) : {
      level: "warning",
      text: `no controller ${name}: ${effect}: boot with cgroup_enable=${name}`,
    }
  );
}

function kernelFeatures(facts: Facts): Finding[] {
  const release = facts.get("kernel")?.[0] ?? "";
  if (!facts.has("unified")) return [ok(`kernel ${release}`)];
  const rank = (version: string) => {
    const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
    return major * 1000 + minor;
  };
  const missing = KERNEL.filter(([since]) => rank(release) < rank(since));
  return [
    ok(`kernel ${release}`),
    ...missing.map(([since, file, effect]): Finding => ({
      level: "warning",
      text: `no ${file}: ${effect}: use Linux ${since} or newer`,
    })),
  ];
}

function agentFileSystem(facts: Facts): Finding {
  const options = (facts.get("agent_options")?.[0] ?? "").split(",");
  return options.includes("noexec")
    ? {
      level: "fatal",
      text: "/var/lib is mounted noexec, and the release agent could not run: remount it with exec",
    }
    : ok("release agent in /var/lib/lanco");
}

function shells(facts: Facts, programs: readonly string[]): Finding[] {
  const shell = facts.get("shell")?.[0] ?? "";
  const findings: Finding[] = [ok(`shell ${shell}`)];
  if (!programs.includes("bash")) {
    findings.push({
      level: "warning",
      text: "no bash: a task inherits its caller's descriptors above 9: install bash",
    });
  }
  if (!/\/(dash|busybox)$/.test(shell)) {
    findings.push({
      level: "warning",
      text: "/bin/sh is not dash: a task's shim takes some 1 MB more: make it dash",
    });
  }
  return findings;
}
