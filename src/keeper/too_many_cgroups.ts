import { Failed } from "../cli/errors.ts";

/** Returns the error for a namespace in which no more cgroups may be made (cgroup.max.descendants). */
export function tooManyCgroups(namespace: string): Failed {
  return new Failed(
    `namespace ${namespace} has as many cgroups as it may have: stop tasks, or remove the cgroups that they have made`,
  );
}
