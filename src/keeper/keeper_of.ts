import type { Namespace } from "../namespace/description.ts";
import type { Keeper } from "./keeper.ts";

/** Returns what keeps a namespace. */
export async function keeperOf({ keeper }: Namespace): Promise<Keeper> {
  // Only the one that is needed is loaded.
  if (keeper === "systemd") return (await import("./systemd/systemd.ts")).systemd;
  return (await import("./named/named.ts")).named;
}
