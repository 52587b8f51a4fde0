/** What doctor says of user managers. It needs a host with systemd. */
import { assert, assertMatch } from "@std/assert";
import { cgroupTest, exec, LANCO, OWNER_NAME } from "../harness.ts";

cgroupTest("doctor tells of an owner whose user manager lingers", async () => {
  const doctor = async () => (await exec([LANCO, "doctor"])).stdout;
  const directory = "/var/lib/systemd/linger";
  Deno.mkdirSync(directory, { recursive: true });
  assert(!(await doctor()).includes("lingers"));
  // As loginctl(1) marks it.
  Deno.writeTextFileSync(`${directory}/${OWNER_NAME}`, "");
  try {
    assertMatch(
      await doctor(),
      /^warning +games owns a namespace and has a user manager that lingers/m,
    );
  } finally {
    Deno.removeSync(`${directory}/${OWNER_NAME}`);
  }
});
