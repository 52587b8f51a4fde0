import type { State, TaskState } from "../task/state.ts";

/** Returns a text in the colour of a state, or as it is where there are no colours. */
export type Paint = (text: string, of: Pick<TaskState, "state" | "code">) => string;

/** Leaves texts as they are. */
export const plain: Paint = (text) => text;

/** The SGR attributes of what is well, and of what waits (ECMA-48, Select Graphic Rendition). */
const ATTRIBUTES: Partial<Record<State, string>> = { running: "32", paused: "33" };

/** That of what has failed. */
const FAILED = "31";

/** Paints texts for a terminal. What has exited with 0 has no colour. */
export const painted: Paint = (text, { state, code }) => {
  const isPlain = text === "" || (state === "exited" && code === 0);
  return isPlain ? text : `\u001b[${ATTRIBUTES[state] ?? FAILED}m${text}\u001b[0m`;
};
