import type { State } from "../task/state.ts";

/** The state of a task, and the exit status of its command, by which it has a colour. */
export interface Coloured {
  state: State;
  code: number | null;
}

/** Returns a text in the colour of a state, or as it is where there are no colours. */
export type Paint = (text: string, of: Coloured) => string;

/** Leaves texts as they are. */
export const plain: Paint = (text) => text;

/** The SGR attribute of what is well, of what waits, and of what has failed (ECMA-48, Select Graphic Rendition). */
const WELL = "32", WAITING = "33", FAILED = "31";

/** Paints texts for a terminal. What has exited with 0 has no colour. */
export const painted: Paint = (text, { state, code }) => {
  const attribute = attributeOf(state, code);
  return attribute === "" || text === "" ? text : `\u001b[${attribute}m${text}\u001b[0m`;
};

function attributeOf(state: State, code: number | null): string {
  switch (state) {
    case "running":
      return WELL;
    case "paused":
      return WAITING;
    case "exited":
      return code === 0 ? "" : FAILED;
    default:
      return FAILED;
  }
}
