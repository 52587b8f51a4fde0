import type { KeeperName } from "./description.ts";

/** The facts about a host that `facts.sh` prints: the values of each, in their order there. */
export type Facts = ReadonlyMap<string, readonly string[]>;

/** What can keep namespaces, in the order in which `init` chooses where nothing else is asked for. */
export const KEEPERS: readonly KeeperName[] = ["systemd", "named"];

/** The least version of systemd that can keep namespaces. */
const SYSTEMD = 252;

/** Returns what `init` has keep a new namespace on this host; undefined if nothing can. */
export function chooseKeeper(facts: Facts): KeeperName | undefined {
  return KEEPERS.find((keeper) => whyNot(keeper, facts) === undefined);
}

/** Returns why something cannot keep namespaces on this host, and the remedy; undefined if it can. */
export function whyNot(keeper: KeeperName, facts: Facts): string | undefined {
  return keeper === "named" ? whyNotNamed(facts) : whyNotSystemd(facts);
}

function whyNotNamed(facts: Facts): string | undefined {
  const cannot = "cannot mount a named hierarchy";
  const cmdline = facts.get("cmdline")?.[0] ?? "";
  if (!facts.has("v1")) return `${cannot}: this kernel has no cgroup v1: use one built with it`;
  if (/\bcgroup_no_v1=\S*\b(all|named)\b/.test(cmdline)) {
    return `${cannot}: boot without cgroup_no_v1=named`;
  }
  if (!facts.has("first_cgroup_namespace")) return `${cannot}: run init outside of containers`;
  if (facts.get("named_mount")?.[0] === "no") {
    return `${cannot}: run init outside of containers, with all of root's capabilities`;
  }
  return (facts.get("agent_options")?.[0] ?? "").split(",").includes("noexec")
    ? "/var/lib is mounted noexec, and the release agent could not run: remount it with exec"
    : undefined;
}

function whyNotSystemd(facts: Facts): string | undefined {
  const version = facts.get("systemd")?.[0];
  if (version === undefined) return "systemd does not run: process 1 is another";
  if (Number(version) < SYSTEMD) return `systemd ${version} is older than ${SYSTEMD}`;
  // The hierarchies of namespaces are no hindrance.
  const old = (facts.get("v1_hierarchy") ?? []).filter((options) => !/\bname=lanco-/.test(options));
  if (!facts.has("unified") || old.length > 0) {
    return "systemd uses cgroup v1: boot with systemd.unified_cgroup_hierarchy=1";
  }
  return facts.has("bus") ? undefined : "systemd has no system bus: install and start dbus";
}
