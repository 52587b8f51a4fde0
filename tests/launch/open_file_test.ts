import { assertThrows } from "@std/assert";
import { assertOutput, descriptor } from "../../src/launch/open_file.ts";
import { cgroupTest, start } from "../harness.ts";

cgroupTest(
  "a log has to have its name as long as its task lives, and no longer",
  async (ns) => {
    const log = `${ns.scratch}/log`;
    const child = start(["sh", "-c", `exec 2>>${log}; echo; exec sleep 1000`], { stdout: "piped" });
    await child.stdout.getReader().read();
    const assertLog = () => assertOutput(descriptor(child.pid, 2), log, "log");
    assertLog();
    Deno.renameSync(log, `${log}.1`);
    assertThrows(assertLog, Error, "another file was put in its place");
    Deno.writeTextFileSync(log, "");
    assertThrows(assertLog, Error, "another file was put in its place");
    child.kill("SIGKILL");
    await child.status;
    assertLog();
    Deno.removeSync(log);
    assertLog();
  },
);
