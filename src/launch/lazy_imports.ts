// The modules that a launch needs only after its shim was started: they are loaded meanwhile.
export { Execution } from "./execution.ts";
export { rotate } from "../logs/rotation.ts";
export { startOf } from "../task/clock.ts";
export { forgetOldRuns } from "../task/retention.ts";
