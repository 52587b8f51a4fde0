import type { Namespace } from "../namespace/description.ts";
import type { Keeper } from "./keeper.ts";

/** Returns what keeps a namespace. */
export async function keeperOf(_namespace: Namespace): Promise<Keeper> {
  return (await import("./named/named.ts")).named;
}
