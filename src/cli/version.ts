/** The version of lanĉo, as `lanco -v` prints it first. */
export const VERSION = "2.0.0";

/** Returns the version of lanĉo, that of the runtime within it, and the machine that it was built for. */
export function describeVersion(): string {
  return `lanco ${VERSION} (Deno ${Deno.version.deno}, ${Deno.build.arch})`;
}
