// What a launch needs only when its shim has begun: it is loaded while that starts.
export { executed } from "./execution.ts";
export { rotate } from "./rotation.ts";
export { startOf } from "../task/clock.ts";
export { forgetOldRuns } from "../task/retention.ts";
