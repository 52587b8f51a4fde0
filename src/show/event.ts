import { timestamp } from "../cli/timestamp.ts";
import { describeCommandEnd, headline } from "./headline.ts";
import type { Output } from "./schema.ts";

/** Renders an event as one line of text. */
export function renderEvent({ event, at, task, stopped, state, ...how }: Output<"events">): string {
  const words = [timestamp(new Date(at)), event, task ?? ""];
  if (event === "present" && state === "paused") words.push("paused");
  if (event === "present") words.push(describeCommandEnd(how));
  if (event === "end" && state !== null) {
    words.push(headline({ state, ...how }));
    if (stopped !== null) words.push(`stopped by ${stopped.by}`);
  }
  return words.filter((word) => word !== "").join(" ") + "\n";
}
